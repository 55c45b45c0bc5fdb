-- expect 3: huge_text.lua:5: the model needs more than 256 MiB of memory while it is built; is there a table or a text that grows without end?
local nn = require "nn"

local function forward(x)
  local s = ("x"):rep(2 ^ 30)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
