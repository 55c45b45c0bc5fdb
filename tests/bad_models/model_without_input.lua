-- expect 3: model_without_input.lua:3: nn.model: input is missing; it accepts name, input, classes, forward, loss and train
local nn = require "nn"
return nn.model {classes = 10, forward = function(x) return x end}
