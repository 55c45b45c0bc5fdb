-- expect 3: preset_range.lua:3: nn.preset: size is 16, but must be at least 32
local nn = require "nn"
nn.preset {size = 16}
nn.option("size", 224, "of the images", {low = 32})

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
