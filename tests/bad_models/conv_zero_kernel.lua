-- expect 3: conv_zero_kernel.lua:5: conv2d 'conv2d1': kernel is 0, but must be at least 1
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, {5, 0}}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
