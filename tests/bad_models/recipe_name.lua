-- expect 3: recipe_name.lua:4: nn.with_recipe: name "my net" must be letters, digits and _, a letter first, because it becomes a name in C; set name = "..."
local nn = require "nn"
return nn.with_recipe {require "lenet5",
  name = "my net",
}
