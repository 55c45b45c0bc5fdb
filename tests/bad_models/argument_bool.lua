-- expect 3: argument_bool.lua:5: conv2d: bias must be true or false, not 0
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, bias = 0}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
