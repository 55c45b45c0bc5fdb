-- expect 3: pad_channels_fewer.lua:7: pad_channels 'pad_channels1': channels is 2, but must be at least 3
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = x:pad_channels {2}
    return x:flatten():linear {4}

  end,
}
