-- expect 3: one_cycle_momentum.lua:8: nn.one_cycle_lr: momentum[1] is 0.95, but must be at most 0.85
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {schedule = nn.one_cycle_lr {momentum = {0.95, 0.85}}}}
