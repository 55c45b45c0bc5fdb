-- Dropout of images: what it draws depends on seed, step, layer, image and feature, not on the layout.
local nn = require "nn"
return nn.model {
  input = {3, 6, 9},
  classes = 4,
  forward = function(image)
    return image:conv2d {20, 3, name = "conv"}:dropout {0.4}:flatten():linear {4, name = "fc"}
  end,
  train = {batch = 2},
}
