-- expect 3: augment_word.lua:8: nn.model: train.augment: unknown argument 'rotate'; it accepts crop, flip and cutout
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {augment = {rotate = 10}}}
