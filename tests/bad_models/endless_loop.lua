-- expect 3: endless_loop.lua:5: the model runs for more than 200 million steps; is there a loop without end?
local nn = require "nn"

local function forward(x)
  while true do end
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
