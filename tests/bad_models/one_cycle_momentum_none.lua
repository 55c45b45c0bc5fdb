-- expect 3: one_cycle_momentum_none.lua:8: nn.model: train: the schedule changes the momentum, but nn.sgd has none; set momentum = 0.95 there
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {schedule = nn.one_cycle_lr {momentum = {0.85, 0.95}}}}
