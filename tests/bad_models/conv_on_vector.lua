-- expect 3: conv_on_vector.lua:6: conv2d 'conv1': wants images [N,C,H,W], but 'flatten1' has shape [32,784]; use it before flatten
local nn = require "nn"

local function forward(x)
  x = x:flatten()
  x = x:conv2d {6, 5, name = "conv1"}
  return x
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
