-- expect 3: name_space.lua:5: conv2d 'my layer': "my layer" cannot be a name; use letters, digits, _ and dots between them
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, name = "my layer"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
