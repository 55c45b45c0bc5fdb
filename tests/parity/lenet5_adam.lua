-- LeNet-5 of the zoo with Adam.
local nn = require "nn"
local model = require "lenet5"
model.train.optimizer = nn.adam {lr = 0.001}
return model
