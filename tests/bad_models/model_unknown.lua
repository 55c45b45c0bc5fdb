-- expect 3: model_unknown.lua:8: nn.model: unknown argument 'epochs'; it accepts name, input, classes, forward, loss and train
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, epochs = 3}
