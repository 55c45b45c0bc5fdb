-- expect 3: model_input_overflow_64.lua:8: nn.model: an input of 16x2147483647x2147483647 is too large
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {16, 2147483647, 2147483647}, classes = 10, forward = forward}
