-- expect 3: init_without_bias.lua:5: conv2d: bias_init without a bias
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, bias = false, bias_init = nn.zeros()}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
