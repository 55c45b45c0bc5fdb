-- with -D dept=4; expect 2: cnnc: -D dept: the model has no such option (did you mean 'depth'?); it has depth
local nn = require "nn"
nn.option("depth", 3, "layers")

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
