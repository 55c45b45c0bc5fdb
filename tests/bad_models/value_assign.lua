-- expect 3: value_assign.lua:5: 'x' cannot be changed; ops give new values
local nn = require "nn"

local function forward(x)
  x.channels = 3
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
