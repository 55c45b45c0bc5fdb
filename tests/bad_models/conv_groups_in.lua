-- expect 3: conv_groups_in.lua:5: conv2d 'conv2d1': groups is 2, but must divide the input's 1 channels
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, groups = 2}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
