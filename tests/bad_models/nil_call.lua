-- expect 3: nil_call.lua:5: attempt to call a nil value (global 'make_block')
local nn = require "nn"

local function forward(x)
  local y = make_block(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
