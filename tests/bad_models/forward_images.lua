-- expect 3: forward_images.lua:5: the output 'conv2d1 [32,10,1,1]' must be [N,classes]; end with x:flatten():linear{10}
local nn = require "nn"

local function forward(x)
  return x:conv2d {10, 28}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
