-- expect 3: init_wrong.lua:5: conv2d: init must be an initialiser such as nn.he_normal{}, not "he"
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, init = "he"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
