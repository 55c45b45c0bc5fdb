-- expect 3: scope_inside.lua:6: conv2d 'layer1.conv1': kernel 50x50 does not fit input 28x28 with padding 0; take a smaller kernel or padding = 11
local nn = require "nn"

local function forward(x)
  nn.scope("layer1", function()
    x = x:conv2d {6, 50, name = "conv1"}
  end)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
