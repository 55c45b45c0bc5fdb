-- expect 3: forward_nothing.lua:4: forward must return the logits, a value of the network; this one returns nothing
local nn = require "nn"

local function forward(x)
  x = x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
