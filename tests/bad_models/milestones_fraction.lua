-- expect 3: milestones_fraction.lua:8: nn.multi_step_lr: milestones[1] must be a whole number below 2^31, not 1.5
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {schedule = nn.multi_step_lr {{1.5}}}}
