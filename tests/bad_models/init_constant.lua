-- expect 3: init_constant.lua:5: nn.constant: value is missing; it accepts value
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, bias_init = nn.constant()}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
