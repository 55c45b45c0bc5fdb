-- One small network under every optimiser and schedule: recipe.py trains it here and in PyTorch.
local nn = require "nn"

local optimizer = nn.option("optimizer", "sgd", "which of the table below")
local schedule = nn.option("schedule", "constant", "which of the table below")
local clip = nn.option("clip", "", "norm or value")

local OPTIMIZERS = {
  sgd = function() return nn.sgd {lr = 0.1, weight_decay = 0.01} end,
  momentum = function() return nn.sgd {lr = 0.05, momentum = 0.9, weight_decay = 0.01} end,
  nesterov = function() return nn.sgd {lr = 0.05, momentum = 0.9, nesterov = true} end,
  adam = function() return nn.adam {lr = 0.01, weight_decay = 0.01} end,
  adamw = function() return nn.adamw {lr = 0.01, weight_decay = 0.5} end,
  rmsprop = function() return nn.rmsprop {lr = 0.002, weight_decay = 0.01} end,
  rmsprop_all = function()
    return nn.rmsprop {lr = 0.002, alpha = 0.9, momentum = 0.8, centered = true, eps = 1e-3}
  end,
}
local SCHEDULES = {
  constant = function() return nn.constant_lr() end,
  step = function() return nn.step_lr {2, gamma = 0.5} end,
  multi_step = function() return nn.multi_step_lr {{1, 3}, gamma = 0.3, warmup = 1} end,
  exponential = function() return nn.exponential_lr {0.7, warmup = 0.5, warmup_start = 0.1} end,
  polynomial = function() return nn.polynomial_lr {2} end,
  cosine = function() return nn.cosine_lr {final = 0.001, warmup = 1} end,
  one_cycle = function() return nn.one_cycle_lr {rise = 0.4, divisor = 10, final_divisor = 100} end,
  one_cycle_momentum = function()
    return nn.one_cycle_lr {rise = 0.4, divisor = 10, final_divisor = 100, momentum = {0.8, 0.95}}
  end,
  plateau = function() return nn.plateau_lr {gamma = 0.5, patience = 0, threshold = 0.5} end,
}

return nn.model {
  input = {1, 4, 4},
  classes = 3,
  forward = function(x)
    return x:flatten():linear {8, name = "fc1"}:tanh():linear {3, name = "fc2"}
  end,
  train = {
    batch = 8,
    epochs = 5,
    optimizer = OPTIMIZERS[optimizer](),
    schedule = SCHEDULES[schedule](),
    normalize = {mean = {0.5}, deviation = {0.25}},
    clip_norm = clip == "norm" and 0.2 or nil,
    clip_value = clip == "value" and 0.02 or nil,
    ema = 0.8,
  },
}
