-- expect 3: argument_gap.lua:5: conv2d: argument 2 is nothing, but [3] is there; it accepts channels, kernel, stride, padding, dilation, groups, bias, name, init, bias_init, trainable and lr_scale
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, nil, 2}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
