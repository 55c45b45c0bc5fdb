-- expect 3: one_cycle_rise.lua:8: nn.one_cycle_lr: rise is 1, but must be less than 1
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {schedule = nn.one_cycle_lr {rise = 1}}}
