-- expect 3: conv_padding_limit.lua:4: conv2d 'conv2d1': padding 0x2000000000 is too large: at most 1024 rows and columns a side
local nn = require "nn"
return nn.model {input = {1, 8, 8}, classes = 3, forward = function(x)
  x = x:conv2d {1, {1, 2}, padding = {0, 2000000000}, stride = {1, 571428574}}
  return x:flatten():linear {3}
end}
