-- expect 3: concat_sizes.lua:7: concat 'concat1': 'x' [32,3,8,8] and 'max_pool2d1' [32,3,4,4] do not fit side by side: all need [N,C,H,W] with the same height and width; change a stride or a padding before
local nn = require "nn"
return nn.model {
  input = {3, 8, 8},
  classes = 4,
  forward = function(x)
    x = nn.concat {x, x:max_pool2d {2}}
    return x:flatten():linear {4}

  end,
}
