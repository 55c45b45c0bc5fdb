-- expect 3: init_fan.lua:7: nn.he_normal: fan must be "in" or "out", not "both"
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = x:conv2d {4, 3, init = nn.he_normal {fan = "both"}}
    return x:flatten():linear {4}

  end,
}
