-- expect 3: option_default.lua:3: nn.option 'depth': the default must be a number, a text or true or false, not a table
local nn = require "nn"
nn.option("depth", {3})

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
