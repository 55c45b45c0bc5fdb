-- with -D depth=4.5; expect 2: cnnc: -D depth=4.5: depth is a whole number below 2^31 (its default is 3)
local nn = require "nn"
nn.option("depth", 3, "layers")

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
