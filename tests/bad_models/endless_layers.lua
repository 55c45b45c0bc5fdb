-- expect 3: endless_layers.lua:7: the model has more than 5000 layers; is there a loop without end?
local nn = require "nn"

local function forward(x)
  x = x:flatten()
  for i = 1, 1e18 do
    x = x:linear {1}
  end
  return x
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
