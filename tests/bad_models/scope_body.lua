-- expect 3: scope_body.lua:5: nn.scope: write nn.scope("block", function() ... end), not nothing
local nn = require "nn"

local function forward(x)
  nn.scope("block")
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
