-- expect 3: adam_eps.lua:8: nn.adam: eps is 0, but must be more than 0
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {optimizer = nn.adam {eps = 0}}}
