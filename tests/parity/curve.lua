-- A net of the zoo under a plain recipe, for loss curves: a constant rate, images as they are.
local nn = require "nn"
local net = nn.option("net", "lenet5", "a model of the zoo")
local optimizer = nn.option("optimizer", "sgd", "sgd, with momentum, or adam")
local lr = nn.option("lr", 0.01, "learning rate")

local model = require(net)
local recipe = model.train
recipe.optimizer = optimizer == "adam" and nn.adam {lr = lr}
  or nn.sgd {lr = lr, momentum = 0.9, weight_decay = 5e-4}
recipe.schedule, recipe.augment = nn.constant_lr(), {crop = 0, flip = false}
return model
