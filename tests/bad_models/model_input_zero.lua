-- expect 3: model_input_zero.lua:8: nn.model: input must be three whole numbers of at least 1; its height is 0
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 0, 28}, classes = 10, forward = forward}
