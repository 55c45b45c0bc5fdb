-- expect 3: preset_late.lua:4: nn.preset: 'depth' has its value already; call nn.preset before require
local nn = require "nn"
local m = require "resnet"
nn.preset {depth = 50}
return m
