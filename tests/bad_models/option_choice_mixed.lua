-- expect 3: option_choice_mixed.lua:3: nn.option 'size': what is allowed must be a table of values like the default, {8, 16}, or of bounds of a number, {low = 1, high = 9} or {above = 0, below = 10}
local nn = require "nn"
nn.option("size", 8, "of the images", {8, 16, high = 9})

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
