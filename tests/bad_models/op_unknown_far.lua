-- expect 3: op_unknown_far.lua:5: unknown op 'attention'; ops are avg_pool2d, conv2d, dropout, flatten, linear, max_pool2d, relu, sigmoid and tanh; a value has channels, height, width, features and shape
local nn = require "nn"

local function forward(x)
  return x:attention {8}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
