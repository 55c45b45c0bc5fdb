-- expect 3: augment_crop.lua:8: nn.model: train.augment: crop is 28, but the images are 28x28; it must be smaller
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {augment = {crop = 28}}}
