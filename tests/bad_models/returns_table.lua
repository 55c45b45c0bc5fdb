-- expect 3: returns_table.lua:1: a model file must end with `return nn.model{...}`; this one returns a table
local nn = require "nn"
return {classes = 10}
