-- with -D shortcut=C; expect 2: cnnc: -D shortcut=C: shortcut is C, but must be A or B
local nn = require "nn"
nn.option("shortcut", "A", "kind of shortcut", {"A", "B"})

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
