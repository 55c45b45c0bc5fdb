-- expect 3: argument_unknown.lua:5: conv2d 'conv1': unknown argument 'strid' (did you mean 'stride'?); it accepts channels, kernel, stride, padding, dilation, groups, bias, name, init, bias_init, trainable and lr_scale
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, strid = 2, name = "conv1"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
