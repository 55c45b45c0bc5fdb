-- expect 3: one_cycle_momentum_single.lua:8: nn.one_cycle_lr: momentum must be {lowest, highest}, not a table of 1
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {schedule = nn.one_cycle_lr {momentum = {0.9}}}}
