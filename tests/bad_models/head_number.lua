-- expect 3: head_number.lua:6: forward: result 2 must be an auxiliary head, {logits, weight = 0.3}, not 0.3
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)

    return x:flatten():linear {4}
, 0.3
  end,
}
