-- expect 3: response_norm_channels.lua:7: local_response_norm 'local_response_norm1': its input has 40000 channels, but it can normalise at most 32768
local nn = require "nn"
return nn.model {
  input = {1, 1, 1},
  classes = 4,
  forward = function(x)
    return x:conv2d {40000, 1}:local_response_norm {5}:flatten():linear {4}
  end,
}
