-- A net of the zoo under a plain recipe, for loss curves: a constant rate, images as they are.
local nn = require "nn"
local net = nn.option("net", "lenet5", "a model of the zoo")
local optimizer = nn.option("optimizer", "sgd", "sgd, with momentum, or adam", {"sgd", "adam"})
local lr = nn.option("lr", 0.01, "learning rate")

return nn.with_recipe {
  require(net),
  optimizer = optimizer == "adam" and nn.adam {lr = lr}
    or nn.sgd {lr = lr, momentum = 0.9, weight_decay = 5e-4},
  schedule = nn.constant_lr(),
  augment = {crop = 0, flip = false},
}
