-- expect 3: name_number.lua:5: conv2d: name must be a text, not 1
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, name = 1}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
