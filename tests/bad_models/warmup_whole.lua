-- expect 3: warmup_whole.lua:8: nn.model: train: the schedule's warm-up has 3 epochs, but the training has 3; make the one shorter or the other longer
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {epochs = 3, schedule = nn.cosine_lr {warmup = 3}}}
