-- expect 3: model_batch_overflow.lua:8: nn.model: train: a batch of 10000000 images of 1x28x28 is too large: at most 2739137
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {batch = 10000000}}
