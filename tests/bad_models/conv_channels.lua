-- expect 3: conv_channels.lua:7: conv2d 'conv2d1': its output would have 2147483640 channels; the limit is 134217728
local nn = require "nn"
return nn.model {
  input = {1, 1, 1},
  classes = 4,
  forward = function(x)
    return x:conv2d {2147483640, 1, bias = false}:flatten():linear {4}
  end,
  train = {batch = 1},
}
