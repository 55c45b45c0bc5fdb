-- with -D depth=4; expect 2: cnnc: -D depth: the model has no such option; it has none
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
