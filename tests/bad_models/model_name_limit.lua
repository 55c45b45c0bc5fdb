-- expect 3: model_name_limit.lua:3: nn.model: the name has 65 characters, but at most 64 are allowed
local nn = require "nn"
return nn.model {name = string.rep("m", 65), input = {1, 8, 8}, classes = 3,
  forward = function(x) return x:flatten():linear {3} end}
