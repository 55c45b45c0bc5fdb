-- expect 3: recipe_unknown.lua:3: nn.with_recipe: unknown argument 'optimiser' (did you mean 'optimizer'?); it accepts batch, epochs, resize, exif_orientation, accumulate, clip_norm, clip_value, ema, optimizer, schedule, decay, normalize, augment and freeze
local nn = require "nn"
return nn.with_recipe {require "lenet5", optimiser = nn.adam()}
