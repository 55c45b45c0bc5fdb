-- expect 3: conv_kernel_too_large.lua:5: conv2d 'conv1': kernel 5x5 does not fit input 3x3 with padding 0; take a smaller kernel or padding = 1
local nn = require "nn"

local function forward(x)
  return x:conv2d {6, 5, name = "conv1"}:flatten():linear {10}
end

return nn.model {input = {1, 3, 3}, classes = 10, forward = forward}
