-- expect 3: normalize_bytes_deviation.lua:8: nn.model: train.normalize: deviation[1] is 58.395, but pixels count from 0 to 1 here: divide by 255
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {normalize = {mean = {0.5}, deviation = {58.395}}}}
