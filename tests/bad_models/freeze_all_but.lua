-- expect 3: freeze_all_but.lua:11: nn.model: train.freeze: "all-but:..." stands alone: its names have commas between, "all-but:fc,aux"
local nn = require "nn"
return nn.model {
  input = {1, 8, 8},
  classes = 4,
  forward = function(x)
    return nn.scope("body", function() return x:conv2d {4, 3, name = "conv"}:batch_norm {name = "bn"} end)
      :flatten():linear {4, name = "fc"}
  end,
  train = {
    freeze = {"all-but:fc", "body"},
  },
}
