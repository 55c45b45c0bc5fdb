-- expect 3: conv_kernel_limit.lua:5: conv2d 'conv1': kernel 1x1025 is too large: at most 1024 rows and columns
local nn = require "nn"

local function forward(x)
  return x:conv2d {6, {1, 1025}, name = "conv1"}:flatten():linear {10}
end

return nn.model {input = {1, 1, 2000}, classes = 10, forward = forward}
