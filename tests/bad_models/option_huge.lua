-- with -D size=3000000000; expect 2: cnnc: -D size=3000000000: size is a whole number below 2^31 (its default is 28)
local nn = require "nn"
nn.option("size", 28, "of the images")

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
