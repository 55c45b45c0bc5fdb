-- expect 3: model_input_two.lua:8: nn.model: input must be {channels, height, width}, not a table of 2
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {28, 28}, classes = 10, forward = forward}
