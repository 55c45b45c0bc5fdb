-- expect 3: argument_missing.lua:5: conv2d: kernel is missing; it accepts channels, kernel, stride, padding, dilation, groups, bias, name, init, bias_init, trainable and lr_scale
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
