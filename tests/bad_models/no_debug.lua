-- expect 3: no_debug.lua:5: a model has no 'debug': it cannot reach files, processes or the interpreter; it has nn, math, string, table and utf8
local nn = require "nn"

local function forward(x)
  debug.getregistry()
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
