-- expect 3: replaced_library.lua:5: linear 'fc}; int': "fc}; int" cannot be a name; use letters, digits, _ and dots between them
local nn = require "nn"
string.find = function() return 1 end
return nn.model {input = {1, 8, 8}, classes = 3,
  forward = function(x) return x:flatten():linear {3, name = "fc}; int"} end}
