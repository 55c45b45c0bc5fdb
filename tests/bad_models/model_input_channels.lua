-- expect 3: model_input_channels.lua:8: nn.model: input has 17 channels; at most 16 can be read
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {17, 28, 28}, classes = 10, forward = forward}
