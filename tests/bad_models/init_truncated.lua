-- expect 3: init_truncated.lua:5: nn.truncated_normal: deviation is 2.5, but must be at most 2
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, init = nn.truncated_normal(2.5)}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
