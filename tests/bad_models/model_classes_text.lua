-- expect 3: model_classes_text.lua:8: nn.model: classes must be a whole number below 2^31, not "ten"
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = "ten", forward = forward}
