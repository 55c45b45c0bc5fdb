-- Normalisations, joins, auxiliary heads; layers that are frozen or have a rate of their own.
local nn = require "nn"
return nn.model {
  input = {3, 9, 10},
  classes = 5,
  forward = function(x)
    local frozen = nn.frozen(function() return x:conv2d {2, 1, name = "frozen"} end)
    x = x:conv2d {8, 3, padding = 1, bias = false, name = "conv"}
    x = nn.concat {
      x:batch_norm {eps = 1e-3, momentum = 0.2, init = nn.zeros(), lr_scale = 2, name = "bn"}:relu(),
      x:local_response_norm {3, k = 2},
      frozen,
      name = "joined",
    }
    x = x:conv2d {4, 1, init = nn.he_normal {fan = "out"}, trainable = false, name = "still"}
      :pad_channels {6}:leaky_relu {0.1}
    local second = x:adaptive_avg_pool2d {{2, 1}}:flatten():linear {5, name = "aux"}
    return x:adaptive_avg_pool2d {1}:flatten():linear {5, name = "fc"}, {second, weight = 0.5}
  end,
  train = {
    batch = 5,
    decay = "weights",
    optimizer = nn.sgd {lr = 0.1, weight_decay = 0.01},
  },
}
