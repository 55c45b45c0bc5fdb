-- expect 3: warmup_negative.lua:8: nn.cosine_lr: warmup is -1, but must be at least 0
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {schedule = nn.cosine_lr {warmup = -1}}}
