-- expect 3: name_of_input.lua:5: conv2d 'x': the name 'x' is taken by the network's input; give it another
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, name = "x"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
