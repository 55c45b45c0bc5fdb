-- expect 3: preset_type.lua:3: nn.preset: depth is "deep", but the default of the option is 2
local nn = require "nn"
nn.preset {depth = "deep"}
local depth = nn.option("depth", 2)
return nn.model {input = {1, 8, 8}, classes = 4, forward = function(x)
  return x:flatten():linear {4}
end}
