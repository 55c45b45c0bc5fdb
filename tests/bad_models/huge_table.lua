-- expect 3: huge_table.lua:7: the model needs more than 256 MiB of memory while it is built; is there a table or a text that grows without end?
local nn = require "nn"

local function forward(x)
  local t = {}
  for i = 1, 1e9 do
    t[i] = {i}
  end
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
