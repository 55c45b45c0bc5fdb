-- expect 3: pool_padding.lua:5: max_pool2d 'max_pool2d1': padding 2 is more than half of kernel 3x3; take padding = 1 or less
local nn = require "nn"

local function forward(x)
  x = x:max_pool2d {3, padding = 2}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
