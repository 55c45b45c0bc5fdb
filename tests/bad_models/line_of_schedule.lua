-- expect 3: line_of_schedule.lua:13: nn.model: train: the schedule's warm-up has 3 epochs, but the training has 3; make the one shorter or the other longer
local nn = require "nn"

return nn.model {
  input = {1, 28, 28}, -- train = {epochs = 0}
  classes = 10,
  forward = function(x)
    local train = {epochs = 1, clip_norm = 1, normalize = 1}
    return x:flatten():linear {10}
  end,
  train = {
    epochs = 3,
    schedule = nn.cosine_lr {warmup = 3},
  },
}
