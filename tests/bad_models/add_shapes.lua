-- expect 3: add_shapes.lua:6: add 'add1': 'x' [32,1,28,28] and 'conv1' [32,6,24,24] have different shapes; bring one of them to the other's shape, say with a 1x1 conv2d
local nn = require "nn"

local function forward(x)
  local y = x:conv2d {6, 5, name = "conv1"}
  return (x + y):flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
