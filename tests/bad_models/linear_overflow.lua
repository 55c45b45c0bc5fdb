-- expect 3: linear_overflow.lua:5: linear 'linear1': its weight would have 100000000x784 numbers; the limit is 2^31 - 1: make the batch, the image or the layer smaller
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {100000000}:linear {100}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
