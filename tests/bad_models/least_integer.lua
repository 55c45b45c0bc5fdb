-- expect 3: least_integer.lua:4: conv2d: padding must be a whole number or a pair {height, width}, not -9223372036854775808
local nn = require "nn"
return nn.model {input = {1, 8, 8}, classes = 3,
  forward = function(x) return x:conv2d {4, 3, padding = math.mininteger}:flatten():linear {3} end}
