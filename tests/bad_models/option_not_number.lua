-- with -D width=wide; expect 2: cnnc: -D width=wide: width is a number (its default is 0.5)
local nn = require "nn"
nn.option("width", 0.5, "factor")

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
