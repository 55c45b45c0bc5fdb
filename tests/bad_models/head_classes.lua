-- expect 3: head_classes.lua:7: the auxiliary output 'linear1 [32,3]' has 3 features, but the model has 4 classes; make the two equal
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    local aux = x:flatten():linear {3}
    return x:flatten():linear {4}
, {aux}
  end,
}
