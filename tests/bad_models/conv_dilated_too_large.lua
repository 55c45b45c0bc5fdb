-- expect 3: conv_dilated_too_large.lua:5: conv2d 'conv1': kernel 3x3, with dilation 5x29 does not fit input 28x28 with padding 1x0; take a smaller kernel or padding = 1
local nn = require "nn"

local function forward(x)
  return x:conv2d {6, 3, dilation = {2, 14}, padding = {1, 0}, name = "conv1"}:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
