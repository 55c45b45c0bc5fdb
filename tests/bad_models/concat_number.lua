-- expect 3: concat_number.lua:7: nn.concat: argument 2 must be a value, not 3
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = nn.concat {x, 3}
    return x:flatten():linear {4}

  end,
}
