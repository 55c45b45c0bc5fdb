-- expect 3: accumulate_zero.lua:8: nn.model: train: accumulate is 0, but must be at least 1
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {accumulate = 0}}
