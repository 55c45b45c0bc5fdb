-- expect 3: list_length.lua:4: nn.multi_step_lr: milestones must be a table of 1 to 16 epochs, not of 20000
local nn = require "nn"
local many = setmetatable({}, {__len = function() return 1 end}); for i = 1, 20000 do many[i] = i end
local schedule = nn.multi_step_lr {many}
return nn.model {input = {1, 8, 8}, classes = 3, forward = function(x) return x:flatten():linear {3} end, train = {schedule = schedule}}
