-- expect 3: option_twice.lua:4: nn.option 'depth': the option is declared twice
local nn = require "nn"
nn.option("depth", 3)
nn.option("depth", 4)

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
