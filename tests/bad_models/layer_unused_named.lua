-- expect 3: layer_unused_named.lua:5: relu 'act': its result is never used on the way to the output; use it or take it out
local nn = require "nn"

local function forward(x)
  local y = x:relu {name = "act"}
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
