-- expect 3: concat_value.lua:7: nn.concat: write nn.concat{a, b, ...} with one value or more, not the value x [32,3,8,8]
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = nn.concat(x)
    return x:flatten():linear {4}

  end,
}
