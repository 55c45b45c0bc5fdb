-- expect 3: linear_on_image.lua:5: linear 'fc': wants [N,F], but 'x' has shape [32,1,28,28]; write x:flatten() before it
local nn = require "nn"

local function forward(x)
  return x:linear {10, name = "fc"}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward}
