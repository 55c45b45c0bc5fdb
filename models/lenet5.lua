-- LeNet-5, after LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document
-- Recognition" (1998), as it is built today: ReLU instead of tanh, maximum instead of trainable
-- average pooling, and softmax instead of radial basis functions at the end.
local nn = require "nn"

return nn.model {
  input = {1, 28, 28}, -- channels, height, width
  classes = 10,

  forward = function(x)
    return x                                                                      -- [N,  1,28,28]
      :conv2d {6, 5, padding = 2, init = nn.he_normal(), name = "conv1"}:relu()   -- [N,  6,28,28]
      :max_pool2d {2}                                                             -- [N,  6,14,14]
      :conv2d {16, 5, init = nn.he_normal(), name = "conv2"}:relu()               -- [N, 16,10,10]
      :max_pool2d {2}                                                             -- [N, 16, 5, 5]
      :flatten()                                                                  -- [N,400]
      :linear {120, init = nn.he_normal(), name = "fc1"}:relu()                   -- [N,120]
      :linear {84, init = nn.he_normal(), name = "fc2"}:relu()                    -- [N, 84]
      :linear {10, name = "fc3"}                                                  -- [N, 10]
  end,

  train = {
    batch = 32,
    epochs = 15,
    optimizer = nn.sgd {lr = 0.02, momentum = 0.9, weight_decay = 5e-4},
    schedule = nn.cosine_lr(),
    normalize = "dataset", -- the mean and deviation of the training images
  },
}
