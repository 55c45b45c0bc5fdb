-- Windows that hang over edges, in every combination that PyTorch allows; odd sizes everywhere.
local nn = require "nn"
local smoothing = nn.option("smoothing", 0.1, "of the labels")

return nn.model {
  name = "pools",
  input = {2, 19, 14},
  classes = 7,
  loss = nn.softmax_cross_entropy {label_smoothing = smoothing},

  forward = function(x)
    x = x:conv2d {9, {2, 3}, padding = {1, 0}}:relu()
    local a = x:avg_pool2d {3, stride = 2, padding = 1, ceil_mode = true}
    local b = x:avg_pool2d {3, stride = 2, padding = 1, ceil_mode = true, count_include_pad = false}
    local c = x:max_pool2d {3, stride = 2, padding = 1, ceil_mode = true}
    x = (a + b + c):conv2d {6, {1, 5}, stride = {3, 1}, padding = {0, 2}, groups = 3}:sigmoid()
    x = x:max_pool2d {{2, 3}, stride = {1, 2}, padding = {1, 1}}
      :avg_pool2d {{3, 2}, stride = {2, 3}, padding = {0, 1}, count_include_pad = false}
    return x:flatten():linear {7}
  end,

  train = {batch = 11, epochs = 1, optimizer = nn.sgd {lr = 0.1, momentum = 0.9, nesterov = true}},
}
