-- expect 3: init_bias_fans.lua:5: conv2d: bias_init needs a weight's fans; take nn.zeros(), nn.constant, nn.uniform or nn.normal
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, bias_init = nn.he_normal()}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
