-- expect 3: norm_on_vector.lua:7: batch_norm 'batch_norm1': wants images [N,C,H,W], but 'flatten1' has shape [32,192]; use it before flatten
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = x:flatten():batch_norm()
    return x:flatten():linear {4}

  end,
}
