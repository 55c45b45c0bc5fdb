-- expect 3: conv_side_limit.lua:4: conv2d 'conv2d1': its input with padding has 3x16777217 rows and columns; the limit is 16777216 of each: make the image smaller, or flatten it
local nn = require "nn"
return nn.model {input = {1, 1, 16777215}, classes = 3, train = {batch = 1}, forward = function(x)
  return x:conv2d {1, 3, padding = 1, stride = 1000000}:flatten():linear {3}
end}
