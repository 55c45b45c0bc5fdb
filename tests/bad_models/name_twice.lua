-- expect 3: name_twice.lua:6: conv2d 'conv1': the name 'conv1' is taken by the conv2d in name_twice.lua:5; give it another
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, name = "conv1"}
  x = x:conv2d {6, 5, name = "conv1"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
