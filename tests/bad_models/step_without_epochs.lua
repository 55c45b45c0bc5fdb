-- expect 3: step_without_epochs.lua:8: nn.step_lr: epochs is missing; it accepts epochs, gamma, warmup and warmup_start
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {schedule = nn.step_lr {gamma = 0.5}}}
