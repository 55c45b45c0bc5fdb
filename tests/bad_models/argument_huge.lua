-- expect 3: argument_huge.lua:5: conv2d: channels must be a whole number below 2^31, not 3000000000
local nn = require "nn"

local function forward(x)
  x = x:conv2d {3000000000, 5}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
