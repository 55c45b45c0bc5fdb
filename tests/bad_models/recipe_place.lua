-- expect 3: recipe_place.lua:3: nn.with_recipe: [2] is no argument
local nn = require "nn"
return nn.with_recipe {require "lenet5", nn.adam()}
