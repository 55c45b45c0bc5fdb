-- expect 3: endless_recursion.lua:5: stack overflow
local nn = require "nn"

function forward(x)
  return (forward(x))
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
