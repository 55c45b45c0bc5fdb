-- Auxiliary heads: their losses count in training alone; dead code of inference.
local nn = require "nn"
local function head(x, name)
  return x:adaptive_avg_pool2d {2}:flatten():linear {5, name = name}
end
return nn.model {
  input = {2, 7, 9},
  classes = 5,
  loss = nn.softmax_cross_entropy {label_smoothing = 0.1},
  forward = function(x)
    local first = x:conv2d {4, 3, name = "conv1"}:relu()
    local second = first:conv2d {6, 3, name = "conv2"}:relu()
    return head(second, "fc"), {head(first, "aux1"), weight = 0.3},
           {head(second:conv2d {3, 1, name = "conv3"}:batch_norm {name = "bn3"}, "aux2")}
  end,
  train = {batch = 32},
}
