-- expect 3: adaptive_limit.lua:4: adaptive_avg_pool2d 'adaptive_avg_pool2d1': output 1x50000 of input 1x50000 is too large: the product of two sides must be less than 2^31
local nn = require "nn"
return nn.model {input = {1, 1, 50000}, classes = 3, train = {batch = 1}, forward = function(x)
  return x:adaptive_avg_pool2d {{1, 50000}}:flatten():linear {3}
end}
