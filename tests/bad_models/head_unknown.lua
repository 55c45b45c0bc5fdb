-- expect 3: head_unknown.lua:6: forward: result 2 has an unknown 'wieght'; a head is {logits, weight = 0.3}
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    local aux = x:flatten():linear {4}
    return x:flatten():linear {4}
, {aux, wieght = 0.3}
  end,
}
