-- expect 3: init_bound.lua:5: nn.uniform: bound is -1, but must be more than 0
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, init = nn.uniform {-1}}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
