-- expect 3: error_table.lua:5: error was called with a table; give it a text that explains what is wrong
local nn = require "nn"

local function forward(x)
  error {code = 1}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
