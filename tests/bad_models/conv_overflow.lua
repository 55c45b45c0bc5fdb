-- expect 3: conv_overflow.lua:5: conv2d 'wide': its output would have 32x2000000x24x24 numbers; the limit is 2^31 - 1: make the batch, the image or the layer smaller
local nn = require "nn"

local function forward(x)
  x = x:conv2d {2000000, 5, name = "wide"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
