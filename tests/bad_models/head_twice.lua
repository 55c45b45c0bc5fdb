-- expect 3: head_twice.lua:7: forward: result 3 is 'linear1 [32,4]' again
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    local aux = x:flatten():linear {4}
    return x:flatten():linear {4}
, aux, {aux}
  end,
}
