-- expect 3: freeze_unknown.lua:11: nn.model: train.freeze: no layer with parameters and no scope has the name 'bodi' (did you mean 'body'?); there are body, body.conv, body.bn and fc
local nn = require "nn"
return nn.model {
  input = {1, 8, 8},
  classes = 4,
  forward = function(x)
    return nn.scope("body", function() return x:conv2d {4, 3, name = "conv"}:batch_norm {name = "bn"} end)
      :flatten():linear {4, name = "fc"}
  end,
  train = {
    freeze = {"bodi"},
  },
}
