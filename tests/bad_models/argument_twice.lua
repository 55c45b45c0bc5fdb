-- expect 3: argument_twice.lua:5: conv2d: kernel is given twice
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, kernel = 3}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
