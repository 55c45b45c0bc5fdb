-- expect 3: scope_name.lua:5: nn.scope: "a b" cannot be a name; use letters, digits, _ and dots between them
local nn = require "nn"

local function forward(x)
  nn.scope("a b", function() end)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
