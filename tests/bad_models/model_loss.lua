-- expect 3: model_loss.lua:8: nn.model: loss must be nn.softmax_cross_entropy{...} or nn.squared_error(), not "cross_entropy"
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, loss = "cross_entropy"}
