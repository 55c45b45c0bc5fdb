-- expect 3: op_dot.lua:5: relu: call it with a colon, as in x:relu{...}
local nn = require "nn"

local function forward(x)
  local y = x.relu()
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
