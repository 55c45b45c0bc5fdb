-- expect 3: decay_word.lua:3: nn.model: train: decay must be "all" or "weights", not "biases"
local nn = require "nn"
return nn.model {input = {1, 8, 8}, classes = 4, train = {decay = "biases"}, forward = function(x)
  return x:flatten():linear {4}
end}
