-- expect 3: plateau_gamma.lua:8: nn.plateau_lr: gamma is 1, but must be less than 1
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {schedule = nn.plateau_lr {gamma = 1}}}
