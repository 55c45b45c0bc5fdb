-- expect 3: model_without_forward.lua:3: nn.model: forward is missing; it accepts name, input, classes, forward, loss and train
local nn = require "nn"
return nn.model {input = {1, 28, 28}, classes = 10}
