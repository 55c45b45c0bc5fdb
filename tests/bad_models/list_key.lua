-- expect 3: list_key.lua:4: nn.model: input is a list, {a, b, ...}, and has no [height]
local nn = require "nn"

return nn.model {input = {1, 8, height = 8}, classes = 3, forward = function(x) return x end}
