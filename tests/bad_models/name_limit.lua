-- expect 3: name_limit.lua:5: linear: with its scopes the name has 129 characters, but at most 128 are allowed
local nn = require "nn"
return nn.model {input = {1, 8, 8}, classes = 3, forward = function(x)
  return nn.scope("a", function()
    return x:flatten():linear {3, name = string.rep("b", 127)}
  end)
end}
