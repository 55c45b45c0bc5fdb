-- expect 3: sgd_momentum_one.lua:8: nn.sgd: momentum is 1, but must be less than 1
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {optimizer = nn.sgd {lr = 0.1, momentum = 1}}}
