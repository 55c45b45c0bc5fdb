-- expect 3: norm_eps.lua:7: batch_norm: eps is 0, but must be more than 0
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = x:batch_norm {eps = 0}
    return x:flatten():linear {4}

  end,
}
