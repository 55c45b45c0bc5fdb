-- with --target avx2; expect 3: prepacked_too_large.lua:4: conv2d1 conv2d_prepacked: its prepacked weights would have 2281701376 numbers, more than 2^31 - 1; a smaller batch, image or kernel, or fewer channels would fit
local nn = require "nn"
return nn.model {input = {16, 1, 1}, classes = 2, train = {batch = 1}, forward = function(x)
  x = x:conv2d {134217727, 1}
  return x:conv2d {1, 1}:flatten():linear {2}
end}
