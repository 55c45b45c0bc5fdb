-- tanh, sigmoid, dropout and softmax cross-entropy: what integers cannot check exactly.
local nn = require "nn"
return nn.model {
  input = {2, 7, 9},
  classes = 11,
  loss = nn.softmax_cross_entropy {label_smoothing = 0.1},
  forward = function(image)
    return image:conv2d {5, 3, padding = 1}:tanh()
      :conv2d {5, 3}:sigmoid()
      :dropout {0.3}
      :max_pool2d {2}:tanh()
      :flatten():linear {40}:relu():dropout {0.75}
      :linear {11}
  end,
  train = {batch = 32},
}
