-- expect 3: argument_many.lua:5: relu: argument 1 is too many; it accepts name
local nn = require "nn"

local function forward(x)
  x = x:relu {3}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
