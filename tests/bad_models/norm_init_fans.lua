-- expect 3: norm_init_fans.lua:7: batch_norm: a scale for each channel has no fans; take nn.zeros(), nn.constant, nn.uniform or nn.normal
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = x:batch_norm {init = nn.he_normal()}
    return x:flatten():linear {4}

  end,
}
