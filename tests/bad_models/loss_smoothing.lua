-- expect 3: loss_smoothing.lua:8: nn.softmax_cross_entropy: label_smoothing is 1.5, but must be at most 1
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, loss = nn.softmax_cross_entropy {label_smoothing = 1.5}}
