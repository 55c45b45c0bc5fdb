-- expect 3: line_of_normalize.lua:12: nn.model: train.normalize: mean[1] is 124, but pixels count from 0 to 1 here: divide by 255
local nn = require "nn"

return nn.model {
  input = {1, 28, 28}, -- train = {epochs = 0}
  classes = 10,
  forward = function(x)
    local train = {epochs = 1, clip_norm = 1, normalize = 1}
    return x:flatten():linear {10}
  end,
  train = {
    normalize = {
      mean = {124},
      deviation = {58},
    },
  },
}
