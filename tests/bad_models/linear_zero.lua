-- expect 3: linear_zero.lua:5: linear 'linear1': features is 0, but must be at least 1
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {0}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
