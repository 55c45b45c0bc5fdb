-- expect 3: response_norm_zero.lua:7: local_response_norm 'local_response_norm1': size is 0, but must be at least 1
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = x:local_response_norm {0}
    return x:flatten():linear {4}

  end,
}
