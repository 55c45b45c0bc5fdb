-- with -D rate=1; expect 2: cnnc: -D rate=1: rate is 1.0, but must be less than 1
local nn = require "nn"
nn.option("rate", 0.5, "of zeros", {low = 0, below = 1})

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
