-- expect 3: frozen_nothing.lua:3: nn.frozen: nothing in it makes a layer with parameters, so nothing is frozen; call it in forward, around the layers, or name them in the recipe, train = {freeze = {"conv1"}}
local nn = require "nn"
local resnet = nn.frozen(function() return require "resnet18" end)
return resnet
