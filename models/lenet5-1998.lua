-- LeNet-5 close to the paper: LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to
-- Document Recognition" (1998). Scaled tanh is tanh here, average pooling has no weights, the second
-- convolution sees all maps of the first, and softmax replaces the radial basis functions.
local nn = require "nn"

return nn.model {
  name = "lenet5_1998",
  input = {1, 28, 28}, -- the paper's 32x32 is 28x28 with padding
  classes = 10,

  forward = function(x)
    return x                                                       -- [N,  1,28,28]
      :conv2d {6, 5, padding = 2, name = "conv1"}:tanh()           -- [N,  6,28,28]
      :avg_pool2d {2}                                              -- [N,  6,14,14]
      :conv2d {16, 5, name = "conv2"}:tanh()                       -- [N, 16,10,10]
      :avg_pool2d {2}                                              -- [N, 16, 5, 5]
      :conv2d {120, 5, name = "conv3"}:tanh()                      -- [N,120, 1, 1]
      :flatten()                                                   -- [N,120]
      :linear {84, init = nn.xavier_uniform(), name = "fc1"}:tanh() -- [N, 84]
      :linear {10, init = nn.xavier_uniform(), name = "fc2"}       -- [N, 10]
  end,

  train = {
    batch = 32,
    epochs = 15,
    optimizer = nn.sgd {lr = 0.02, momentum = 0.9, weight_decay = 5e-4},
    schedule = nn.cosine_lr(),
  },
}
