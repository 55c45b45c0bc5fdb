-- with -D size=31; expect 2: cnnc: -D size=31: size is 31, but must be at least 32
local nn = require "nn"
nn.option("size", 224, "of the images", {low = 32})

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
