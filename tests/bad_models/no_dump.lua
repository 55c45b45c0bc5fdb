-- expect 3: no_dump.lua:5: attempt to call a nil value (field 'dump')
local nn = require "nn"

local function forward(x)
  string.dump(forward)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
