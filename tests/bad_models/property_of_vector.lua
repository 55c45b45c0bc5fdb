-- expect 3: property_of_vector.lua:6: 'flatten1' has shape [32,784] and so no channels; it has features
local nn = require "nn"

local function forward(x)
  local y = x:flatten()
  return y:linear {y.channels}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
