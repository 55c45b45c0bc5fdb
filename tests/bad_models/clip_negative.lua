-- expect 3: clip_negative.lua:8: nn.model: train: clip_norm is -1, but must be at least 0
local nn = require "nn"

local function forward(x)
  return x:flatten():linear {10}
end

return nn.model {input = {1, 28, 28}, classes = 10, forward = forward, train = {clip_norm = -1}}
