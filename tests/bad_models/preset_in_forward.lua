-- expect 3: preset_in_forward.lua:5: nn.preset: call it outside of forward, when the file is read
local nn = require "nn"
return nn.model {
  input = {1, 28, 28}, classes = 10, forward = function(x)
    nn.preset {late = 10}
    return x:flatten():linear {10}
  end,
}
