-- expect 3: normalize_word.lua:8: nn.model: train: normalize must be "dataset" or {mean = {...}, deviation = {...}}, not "none"
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {normalize = "none"}}
