-- expect 3: option_choice_default.lua:3: nn.option 'depth': depth is 9, but must be 18, 34 or 50
local nn = require "nn"
nn.option("depth", 9, "layers", {18, 34, 50})

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
