-- expect 3: norm_statistics.lua:7: batch_norm 'bn': statistics must be "batch" or "frozen", not "running"
local nn = require "nn"
return nn.model {
  input = {1, 8, 8},
  classes = 4,
  forward = function(x)
    return x:batch_norm {name = "bn", statistics = "running"}:flatten():linear {4}
  end,
}
