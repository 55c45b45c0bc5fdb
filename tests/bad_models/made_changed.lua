-- expect 3: made_changed.lua:4: what nn.model makes cannot be looked into or changed; it may have options (nn.option), and nn.with_recipe gives it another recipe
local nn = require "nn"
local m = nn.model {input = {1, 8, 8}, classes = 3, forward = function(x) return x end}
m.train.optimizer = {lr = 0.1}
return m
