-- expect 3: arguments_without_braces.lua:5: conv2d: write its arguments in braces, {...}, not 6; it accepts channels, kernel, stride, padding, dilation, groups, bias, name, init, bias_init, trainable and lr_scale
local nn = require "nn"

local function forward(x)
  x = x:conv2d(6, 5)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
