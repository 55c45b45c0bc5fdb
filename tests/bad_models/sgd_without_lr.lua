-- expect 3: sgd_without_lr.lua:8: nn.sgd: lr is missing; it accepts lr, momentum, nesterov and weight_decay
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {optimizer = nn.sgd {momentum = 0.9}}}
