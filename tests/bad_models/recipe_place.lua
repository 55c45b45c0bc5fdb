-- expect 3: recipe_place.lua:3: nn.with_recipe: it accepts one model, then fields of train by their names, and no [2]
local nn = require "nn"
return nn.with_recipe {require "lenet5", nn.adam()}
