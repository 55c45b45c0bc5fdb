-- expect 3: op_unknown.lua:7: unknown op 'max_pol2d' (did you mean 'max_pool2d'?); ops are adaptive_avg_pool2d, avg_pool2d, batch_norm, conv2d, dropout, flatten, leaky_relu, linear, local_response_norm, max_pool2d, pad_channels, relu, sigmoid and tanh; a value has channels, height, width, features and shape
local nn = require "nn"

local function forward(x)
  local y = x
    :conv2d {6, 5}
    :max_pol2d {2}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
