-- expect 3: line_of_field.lua:15: nn.model: train: clip_norm is -1, but must be at least 0
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
    schedule = nn.cosine_lr {warmup = 1}, --[[ clip_norm = 7,
    ]]
    clip_norm = -1,
  },
}
