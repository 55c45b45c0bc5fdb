-- expect 3: model_input_text.lua:8: nn.model: input must be a table, not "28x28"
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = "28x28", classes = 10, forward = forward}
