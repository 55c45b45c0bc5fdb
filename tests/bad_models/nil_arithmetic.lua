-- expect 3: nil_arithmetic.lua:6: attempt to perform arithmetic on a nil value (global 'undefined_depth')
local nn = require "nn"

local function forward(x)
  local y = x:conv2d {6, 5}
  local z = undefined_depth + 1
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
