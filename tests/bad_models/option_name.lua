-- expect 3: option_name.lua:3: nn.option: the name must be a text of letters, digits and _, not "my depth"
local nn = require "nn"
nn.option("my depth", 3)

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
