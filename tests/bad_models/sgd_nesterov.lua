-- expect 3: sgd_nesterov.lua:8: nn.sgd: nesterov needs a momentum; set momentum = 0.9
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {optimizer = nn.sgd {lr = 0.1, nesterov = true}}}
