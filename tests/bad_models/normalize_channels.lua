-- expect 3: normalize_channels.lua:8: nn.model: train.normalize: mean has 2 numbers, but the input has 1 channels
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {normalize = {mean = {0.5, 0.5}, deviation = {0.5}}}}
