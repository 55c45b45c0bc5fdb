-- A recipe with everything that stands between gradients and update, for tests/trainer/recipe.
local nn = require "nn"
local recipe = nn.option("recipe", "one_cycle", "or plateau, with another optimiser")
local plateau = recipe == "plateau"

return nn.model {
  input = {1, 28, 28},
  classes = 10,
  forward = function(x)
    return x:conv2d {4, 5, stride = 2, name = "conv"}:batch_norm {name = "bn"}:relu():flatten():dropout {0.3}
      :linear {10, name = "fc"}
  end,
  train = {
    batch = 20,
    epochs = 2,
    optimizer = plateau and nn.adam {lr = 0.01}
      or nn.rmsprop {lr = 0.002, momentum = 0.5, centered = true},
    schedule = plateau and nn.plateau_lr {patience = 0, threshold = 0.9, gamma = 0.5}
      or nn.one_cycle_lr {momentum = {0.85, 0.95}, warmup = 0.5},
    accumulate = 3,
    clip_norm = 0.5,
    clip_value = 0.1,
    ema = 0.9,
    augment = {crop = 3, flip = true, cutout = 5},
  },
}
