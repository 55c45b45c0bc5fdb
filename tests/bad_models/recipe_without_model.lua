-- expect 3: recipe_without_model.lua:3: nn.with_recipe: write nn.with_recipe{model, optimizer = ...}, a model first, not nothing
local nn = require "nn"
return nn.with_recipe {optimizer = nn.adam()}
