-- expect 3: layer_unused.lua:5: conv2d 'conv1': its result is never used on the way to the output; use it or take it out
local nn = require "nn"

local function forward(x)
  local y = x:conv2d {6, 5, name = "conv1"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
