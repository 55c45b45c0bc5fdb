-- expect 3: lr_scale_negative.lua:7: conv2d: lr_scale is -1, but must be at least 0
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = x:conv2d {4, 3, lr_scale = -1}
    return x:flatten():linear {4}

  end,
}
