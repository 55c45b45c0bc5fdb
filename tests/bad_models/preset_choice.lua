-- expect 3: preset_choice.lua:3: nn.preset: shortcut is C, but must be A or B
local nn = require "nn"
nn.preset {shortcut = "C"}
return require "resnet20"
