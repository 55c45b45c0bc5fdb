-- expect 3: adam_beta.lua:8: nn.adam: beta2 is 1, but must be less than 1
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {optimizer = nn.adam {beta2 = 1}}}
