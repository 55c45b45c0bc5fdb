-- expect 3: returns_nothing.lua:1: a model file must end with `return nn.model{...}`; this one returns nothing
local nn = require "nn"
