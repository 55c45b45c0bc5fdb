-- expect 3: preset_twice.lua:4: nn.preset: 'depth' is given in line 3 too; take one of the two
local nn = require "nn"
nn.preset {depth = 34}
nn.preset {depth = 50}
return require "resnet"
