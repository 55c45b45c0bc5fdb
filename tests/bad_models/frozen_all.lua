-- expect 3: frozen_all.lua:8: all 4 parameters are frozen, so that training would change nothing; leave a layer outside of nn.frozen, or without trainable = false
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = function(x) return nn.frozen(forward, x):linear {10, trainable = false} end}
