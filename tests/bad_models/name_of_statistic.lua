-- expect 3: name_of_statistic.lua:6: batch_norm 'bn1': the name 'bn1.running_mean' is taken by the conv2d in name_of_statistic.lua:5; give it another
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, name = "bn1.running_mean"}
  x = x:batch_norm {name = "bn1"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
