-- expect 3: head_weight.lua:3: forward: result 2: weight is 0, but must be more than 0
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    local aux = x:flatten():linear {4}
    return x:flatten():linear {4}
, {aux, weight = 0}
  end,
}
