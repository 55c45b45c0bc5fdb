-- expect 3: preset_type.lua:4: nn.option 'depth': nn.preset gives "deep", but the default is 2
local nn = require "nn"
nn.preset {depth = "deep"}
local depth = nn.option("depth", 2)
return nn.model {input = {1, 8, 8}, classes = 4, forward = function(x)
  return x:flatten():linear {4}
end}
