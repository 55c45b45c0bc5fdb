-- expect 3: rmsprop_alpha.lua:8: nn.rmsprop: alpha is 1, but must be less than 1
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {optimizer = nn.rmsprop {alpha = 1}}}
