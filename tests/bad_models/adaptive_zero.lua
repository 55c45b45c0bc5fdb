-- expect 3: adaptive_zero.lua:7: adaptive_avg_pool2d 'adaptive_avg_pool2d1': output is 0, but must be at least 1
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = x:adaptive_avg_pool2d {0}
    return x:flatten():linear {4}

  end,
}
