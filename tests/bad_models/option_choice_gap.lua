-- expect 3: option_choice_gap.lua:3: nn.option 'size': what is allowed[1] is nothing
local nn = require "nn"
nn.option("size", 8, "of the images", {[2] = 7})

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
