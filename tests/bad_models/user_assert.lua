-- expect 3: user_assert.lua:5: RGB images wanted
local nn = require "nn"

local function forward(x)
  assert(x.channels == 3, "RGB images wanted")
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
