-- expect 3: milestones_none.lua:8: nn.multi_step_lr: milestones must be a table of 1 to 16 epochs, not of 0
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {schedule = nn.multi_step_lr {{}}}}
