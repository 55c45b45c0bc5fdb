-- expect 3: model_input_overflow.lua:8: nn.model: an input of 1x100000x100000 is too large
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 100000, 100000}, classes = 10, forward = forward}
