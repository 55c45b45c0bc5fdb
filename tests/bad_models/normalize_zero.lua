-- expect 3: normalize_zero.lua:8: nn.model: train.normalize: deviation[1] is 0, but must be more than 0
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {normalize = {mean = {0.5}, deviation = {0}}}}
