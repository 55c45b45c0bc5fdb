-- expect 3: preset_unknown.lua:3: nn.preset: the model has no option 'dept' (did you mean 'depth'?)
local nn = require "nn"
nn.preset {dept = 3}
local depth = nn.option("depth", 2)
return nn.model {input = {1, 8, 8}, classes = 4, forward = function(x)
  return x:flatten():linear {4}
end}
