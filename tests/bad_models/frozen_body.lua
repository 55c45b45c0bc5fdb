-- expect 3: frozen_body.lua:7: nn.frozen: write nn.frozen(function() ... end) or nn.frozen({function() ... end, statistics = "frozen"}), not the value x [32,3,8,8]
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = nn.frozen(x)
    return x:flatten():linear {4}

  end,
}
