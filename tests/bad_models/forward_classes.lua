-- expect 3: forward_classes.lua:6: the output 'fc [32,12]' has 12 features, but the model has 10 classes; make the two equal
local nn = require "nn"

local function forward(x)
  x = x:flatten()
  return x:linear {12, name = "fc"}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
