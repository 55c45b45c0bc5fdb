-- expect 3: sgd_infinite_lr.lua:8: nn.sgd: lr must be a finite number, not inf
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {optimizer = nn.sgd {lr = 1 / 0}}}
