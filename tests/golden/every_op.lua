-- Every op, argument and initialiser of the language at least once.
local nn = require "nn"
local width = nn.option("width", 8, "channels of the first layer")
local rate = nn.option("rate", 0.25, "of dropout")
local pooled = nn.option("pooled", true, "whether to pool at the end")

-- A residual block: y and x must have the same shape.
local function block(x, name)
  return nn.scope(name, function()
    local y = x:conv2d {x.channels, 3, padding = 1, bias = false, init = nn.he_uniform(), name = "conv1"}
      :tanh()
      :conv2d {x.channels, 3, padding = 2, dilation = 2, groups = 2, init = nn.xavier_normal {gain = 2},
               bias_init = nn.zeros(), name = "conv2"}
    return (x + y):relu():relu()
  end)
end

return nn.model {
  name = "every_op",
  input = {3, 20, 21},
  classes = 5,
  loss = nn.squared_error(),

  forward = function(x)
    x = x:conv2d {width, {5, 3}, stride = {2, 1}, padding = {2, 1},
                   init = nn.truncated_normal(0.02), bias_init = nn.constant(0.1)}
      :sigmoid()
    x = block(x, "layer1.0")
    x = block(x, "layer1.1")
    local unused = x:sigmoid() -- without a name or weights: simplify removes it
    x = x:max_pool2d {3, stride = 2, padding = 1, ceil_mode = true}
      :dropout {rate}
      :avg_pool2d {{2, 3}, stride = {2, 2}, padding = {1, 1}, count_include_pad = false}
    if pooled then x = x:max_pool2d {1} end -- simplify removes it
    return x:flatten()
      :linear {6, bias = false, init = nn.normal {0.05}}:dropout {0}:tanh()
      :linear {5, init = nn.xavier_uniform(), bias_init = nn.uniform {bound = 0.01}, name = "head"}
  end,

  train = {
    batch = 5,
    epochs = 3,
    optimizer = nn.adam {lr = 0.002, beta1 = 0.8, beta2 = 0.99, eps = 1e-7, weight_decay = 0.01},
    schedule = nn.step_lr {epochs = 2, gamma = 0.5},
    normalize = {mean = {0.4, 0.5, 0.6}, deviation = {0.2, 0.25, 0.3}},
  },
}
