-- expect 3: dropout_one.lua:5: dropout: p is 1, but must be less than 1
local nn = require "nn"

local function forward(x)
  x = x:dropout {1}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
