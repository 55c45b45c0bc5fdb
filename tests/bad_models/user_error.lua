-- expect 3: user_error.lua:5: this block wants an even depth
local nn = require "nn"

local function forward(x)
  error("this block wants an even depth")
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
