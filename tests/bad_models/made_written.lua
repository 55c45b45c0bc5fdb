-- expect 3: made_written.lua:4: what nn.sgd makes cannot be looked into or changed; give it other arguments
local nn = require "nn"
local sgd = nn.sgd {lr = 1}
sgd.lr = 2
return nn.model {input = {1, 8, 8}, classes = 3, forward = function(x) return x:flatten():linear {3} end, train = {optimizer = sgd}}
