-- expect 3: sgd_negative_lr.lua:8: nn.sgd: lr is -0.1, but must be more than 0
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {optimizer = nn.sgd {lr = -0.1}}}
