-- expect 3: pool_on_vector.lua:5: avg_pool2d 'avg_pool2d1': wants images [N,C,H,W], but 'flatten1' has shape [32,784]; use it before flatten
local nn = require "nn"

local function forward(x)
  return x:flatten():avg_pool2d {2}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
