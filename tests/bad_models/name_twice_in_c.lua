-- expect 3: name_twice_in_c.lua:6: conv2d 'a_b': the name 'a_b' is taken by the conv2d in name_twice_in_c.lua:5; give it another
local nn = require "nn"

local function forward(x)
  x = x:conv2d {6, 5, name = "a.b"}
  x = x:conv2d {6, 5, name = "a_b"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
