-- A multilayer perceptron: fully connected layers alone. It is what convolutions are measured
-- against, and the smallest model that learns.
local nn = require "nn"
local hidden = nn.option("hidden", 128, "features of each hidden layer", {low = 1})
local layers = nn.option("layers", 2, "hidden layers", {low = 0, high = 1000})

return nn.model {
  input = {1, 28, 28},
  classes = 10,

  forward = function(x)
    x = x:flatten()
    for i = 1, layers do
      x = x:linear {hidden, name = "fc" .. i}:relu()
    end
    return x:linear {10, name = "output"}
  end,

  train = {
    batch = 64,
    epochs = 10,
    optimizer = nn.adam {lr = 0.001},
    schedule = nn.step_lr {epochs = 5, gamma = 0.3},
  },
}
