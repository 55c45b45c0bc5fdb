-- expect 3: pool_kernel_limit.lua:5: avg_pool2d 'pool': kernel 65536x65536 is too large: at most 1024 rows and columns
local nn = require "nn"

local function forward(x)
  return x:avg_pool2d {65536, padding = 32768, name = "pool"}:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
