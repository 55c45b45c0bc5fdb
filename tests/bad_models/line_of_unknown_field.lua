-- expect 3: line_of_unknown_field.lua:13: nn.model: train: unknown argument 'epoch' (did you mean 'epochs'?); it accepts batch, epochs, resize, exif_orientation, accumulate, clip_norm, clip_value, ema, optimizer, schedule, decay, normalize, augment and freeze
local nn = require "nn"

return nn.model {
  input = {1, 28, 28}, -- train = {epochs = 0}
  classes = 10,
  forward = function(x)
    local train = {epochs = 1, clip_norm = 1, normalize = 1}
    return x:flatten():linear {10}
  end,
  train = {
    optimizer = nn.sgd {lr = 0.1},
    epoch = 3,
  },
}
