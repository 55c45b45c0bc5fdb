-- expect 3: op_unknown_far.lua:5: unknown op 'attention'; ops are adaptive_avg_pool2d, avg_pool2d, batch_norm, conv2d, dropout, flatten, leaky_relu, linear, local_response_norm, max_pool2d, pad_channels, relu, sigmoid and tanh; a value has channels, height, width, features and shape
local nn = require "nn"

local function forward(x)
  return x:attention {8}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
