-- expect 3: conv_groups_out.lua:5: conv2d 'conv2': groups is 3, but must divide its 4 channels
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5}:conv2d {4, 3, groups = 3, name = "conv2"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
