-- with -D bias=yes; expect 2: cnnc: -D bias=yes: bias is true or false (its default is true)
local nn = require "nn"
nn.option("bias", true)

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
