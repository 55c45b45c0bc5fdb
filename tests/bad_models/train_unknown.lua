-- expect 3: train_unknown.lua:8: nn.model: train: unknown argument 'learning_rate'; it accepts batch, epochs, resize, exif_orientation, accumulate, clip_norm, clip_value, ema, optimizer, schedule, decay, normalize, augment and freeze
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {learning_rate = 0.1}}
