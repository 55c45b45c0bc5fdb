-- expect 3: concat_gap.lua:5: nn.concat: argument[2] is nothing
local nn = require "nn"
return nn.model {
  input = {1, 8, 8}, classes = 3,
  forward = function(x) return nn.concat {x, nil, x}:flatten():linear {3} end}
