-- expect 3: line_of_name.lua:11: nn.model: name "a b" must be letters, digits and _, a letter first, because it becomes a name in C; set name = "..."
local nn = require "nn"

return nn.model {
  input = {1, 28, 28}, -- train = {epochs = 0}
  classes = 10,
  forward = function(x)
    local train = {epochs = 1, clip_norm = 1, normalize = 1}
    return x:flatten():linear {10}
  end,
  name = "a b",
}
