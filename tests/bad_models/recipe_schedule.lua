-- expect 3: recipe_schedule.lua:5: nn.with_recipe: the schedule's warm-up has 2 epochs, but the training has 2; make the one shorter or the other longer
local nn = require "nn"
return nn.with_recipe {
  require "lenet5", epochs = 2,
  schedule = nn.cosine_lr {warmup = 2},
}
