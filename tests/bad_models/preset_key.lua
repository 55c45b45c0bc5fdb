-- expect 3: preset_key.lua:3: nn.preset: write nn.preset{depth = 34}: [1] is no name
local nn = require "nn"
nn.preset {34}
return require "resnet"
