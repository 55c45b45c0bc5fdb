-- expect 3: name_digit.lua:5: conv2d '0': the name must begin with a letter; put it in a scope, or before it 'layer'
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, name = "0"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
