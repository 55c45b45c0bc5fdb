-- A body to be frozen and a head to be trained, with all that a training keeps beside the weights.
local nn = require "nn"
return nn.model {
  input = {1, 28, 28},
  classes = 10,
  forward = function(x)
    x = nn.scope("body", function()
      return x:conv2d {4, 5, stride = 2, name = "conv"}:batch_norm {name = "bn"}:relu():max_pool2d {2}
    end)
    return x:flatten():linear {10, name = "fc"}
  end,
  train = {
    batch = 25,
    epochs = 2,
    ema = 0.9,
    clip_norm = 1,
    optimizer = nn.adamw {lr = 0.01, weight_decay = 0.1},
    normalize = {mean = {0.3}, deviation = {0.3}},
  },
}
