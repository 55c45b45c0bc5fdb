-- expect 3: argument_triple.lua:5: conv2d: kernel must be a whole number or a pair {height, width}, not a table
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, {5, 5, 5}}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
