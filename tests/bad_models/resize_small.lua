-- expect 3: resize_small.lua:8: nn.model: train: resize is 27, but the images are 28x28; the shorter side must be left at least as long
local nn = require "nn"

return nn.model {
  input = {1, 28, 28}, classes = 10,
  forward = function(x) return x:flatten():linear {10} end,
  train = {
    resize = 27,
  },
}
