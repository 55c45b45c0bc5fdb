-- expect 3: norm_size_limit.lua:5: local_response_norm 'norm': size 5000000 is too large: at most 1024 channels
local nn = require "nn"

local function forward(x)
  return x:local_response_norm {5000000, name = "norm"}:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
