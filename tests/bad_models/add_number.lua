-- expect 3: add_number.lua:5: add: a value can be added to a value of the same shape, not to 1
local nn = require "nn"

local function forward(x)
  x = x + 1
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
