-- expect 3: pool_too_large.lua:5: max_pool2d 'max_pool2d1': kernel 30x30 does not fit input 28x28 with padding 0; take a kernel of at most 28x28
local nn = require "nn"

local function forward(x)
  x = x:max_pool2d {30}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
