-- expect 3: optimizer_swapped.lua:8: nn.model: train: optimizer must be an optimiser such as nn.sgd{...} or nn.adam{...}, not a table
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {optimizer = nn.cosine_lr()}}
