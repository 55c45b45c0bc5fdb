-- expect 3: list_gap.lua:4: nn.multi_step_lr: milestones[2] is nothing
local nn = require "nn"

local schedule = nn.multi_step_lr {{30, nil, 60}}
return nn.model {input = {1, 8, 8}, classes = 3, forward = function(x) return x:flatten():linear {3} end, train = {schedule = schedule}}
