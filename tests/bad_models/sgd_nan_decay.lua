-- expect 3: sgd_nan_decay.lua:8: nn.sgd: weight_decay must be a finite number, not nan
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {optimizer = nn.sgd {lr = 0.1, weight_decay = 0 / 0}}}
