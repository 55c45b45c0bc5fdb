-- expect 3: milestones_down.lua:8: nn.multi_step_lr: milestones must ascend, but 20 comes after 30
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {schedule = nn.multi_step_lr {{30, 20}}}}
