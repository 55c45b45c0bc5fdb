-- Auxiliary heads: their losses count in training alone; dead code of inference. One reads the logits, another
-- an auxiliary head's: losses are not all that such a value gives its gradient to.
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
    local logits, aux1 = head(second, "fc"), head(first, "aux1")
    return logits, {aux1, weight = 0.3},
           {logits:tanh():linear {5, name = "aux3"}, weight = 0.7}, {aux1:relu():linear {5, name = "aux4"}},
           {head(second:conv2d {3, 1, name = "conv3"}:batch_norm {name = "bn3"}, "aux2")}
  end,
  train = {batch = 32},
}
