-- with --target scalar; expect 3: program_too_large.lua:4: the program would hold 3010560 parameters, or 4502503024 numbers of activations and gradients at once, of which 'conv2d1' has 1500000000; the limit of each is 2^31 - 1: make the batch, the image or the layers smaller
local nn = require "nn"
return nn.model {input = {1, 1000, 1000}, classes = 3, train = {batch = 1}, forward = function(x)
  x = x:conv2d {1500, 1}:batch_norm()
  return x:conv2d {1, 1}:flatten():linear {3}
end}
