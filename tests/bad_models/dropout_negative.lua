-- expect 3: dropout_negative.lua:5: dropout: p is -0.1, but must be at least 0
local nn = require "nn"

local function forward(x)
  x = x:dropout {-0.1}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
