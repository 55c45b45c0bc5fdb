-- expect 3: model_name.lua:8: nn.model: name "my net" must be letters, digits and _, a letter first, because it becomes a name in C; set name = "..."
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, name = "my net"}
