-- expect 3: recipe_without_braces.lua:3: nn.with_recipe: write nn.with_recipe{model, optimizer = ...}, a model first, not a table
local nn = require "nn"
return nn.with_recipe(require "lenet5")
