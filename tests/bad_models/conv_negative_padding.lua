-- expect 3: conv_negative_padding.lua:5: conv2d 'conv2d1': padding is -1, but must be at least 0
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, padding = -1}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
