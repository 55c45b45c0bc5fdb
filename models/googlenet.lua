-- GoogLeNet: Szegedy et al., "Going Deeper with Convolutions" (2015). By default as torchvision has
-- it: batch norm behind every convolution, 3x3 where the paper has 5x5, poolings whose size is
-- rounded up. With -D paper=true the paper's: biases, 5x5, local response normalisation.
-- Names are torchvision's.
local nn = require "nn"
local size = nn.option("size", 224, "height and width of the images", {low = 32})
local classes = nn.option("classes", 1000, "classes", {low = 1})
local paper = nn.option("paper", false, "local response norm and 5x5 instead of batch norm and 3x3")
local aux = nn.option("aux", paper, "two auxiliary classifiers, in training alone")
local rate = nn.option("dropout", paper and 0.4 or 0.2,
  "probability of a zero before the classifier", {low = 0, below = 1})
local aux_rate = nn.option("aux_dropout", 0.7, "the same in the auxiliary classifiers",
  {low = 0, below = 1})
local width = nn.option("width", 1.0, "factor of the channels of every convolution",
  {low = 1 / 16, high = 16})
local small = size < 64 -- images of 32x32: the first layers halve them once instead of three times
local resize = nn.option("resize", small and 0 or (size * 8 + 6) // 7,
  "scales the shorter side of photos, whose middle is cut out; 0: they have the size", {low = 0})
local batch = nn.option("batch", small and 128 or 32, "images a step", {low = 1})

-- torchvision's, or with biases and without norms one that keeps the size of activations
local function init() return paper and nn.xavier_uniform() or nn.truncated_normal(0.01) end

-- "BasicConv2d" of torchvision; the paper's is a convolution and a relu.
local function conv(x, channels, kernel, name, given)
  given = given or {}
  channels = math.tointeger(channels * width // 1)
  return nn.scope(name, function()
    x = x:conv2d {channels, kernel, stride = given.stride, padding = given.padding or 0,
                  bias = paper, init = init(), name = "conv"}
    if not paper then x = x:batch_norm {eps = 0.001, name = "bn"} end
    return x:relu()
  end)
end

-- Four branches side by side. Channels: of 1x1; before and of 3x3; before and of 5x5; behind the pool.
local function inception(x, name, c1, c3_reduce, c3, c5_reduce, c5, pool)
  return nn.scope(name, function()
    local wide = paper and 5 or 3
    return nn.concat {
      conv(x, c1, 1, "branch1"),
      nn.scope("branch2", function()
        return conv(conv(x, c3_reduce, 1, "0"), c3, 3, "1", {padding = 1})
      end),
      nn.scope("branch3", function()
        return conv(conv(x, c5_reduce, 1, "0"), c5, wide, "1", {padding = wide // 2})
      end),
      nn.scope("branch4", function()
        return conv(x:max_pool2d {3, stride = 1, padding = 1}, pool, 1, "1")
      end),
    }
  end)
end

local function halve(x, kernel)
  return x:max_pool2d {kernel, stride = 2, ceil_mode = true}
end

local function normalise(x)
  return paper and x:local_response_norm {5} or x
end

local function stem(x)
  if small then return halve(conv(x, 192, 3, "conv3", {padding = 1}), 3) end
  x = normalise(halve(conv(x, 64, 7, "conv1", {stride = 2, padding = 3}), 3))
  x = conv(conv(x, 64, 1, "conv2"), 192, 3, "conv3", {padding = 1})
  return halve(normalise(x), 3)
end

local function auxiliary(x, name)
  return nn.scope(name, function()
    x = conv(x:adaptive_avg_pool2d {4}, 128, 1, "conv"):flatten()
    x = x:linear {1024, init = init(), name = "fc1"}:relu():dropout {aux_rate}
    return x:linear {classes, init = init(), name = "fc2"}
  end)
end

local function forward(x)
  x = stem(x)
  x = inception(x, "inception3a", 64, 96, 128, 16, 32, 32)
  x = inception(x, "inception3b", 128, 128, 192, 32, 96, 64)
  x = halve(x, 3)
  local a = inception(x, "inception4a", 192, 96, 208, 16, 48, 64)
  x = inception(a, "inception4b", 160, 112, 224, 24, 64, 64)
  x = inception(x, "inception4c", 128, 128, 256, 24, 64, 64)
  local d = inception(x, "inception4d", 112, 144, 288, 32, 64, 64)
  x = inception(d, "inception4e", 256, 160, 320, 32, 128, 128)
  x = halve(x, paper and 3 or 2)
  x = inception(x, "inception5a", 256, 160, 320, 32, 128, 128)
  x = inception(x, "inception5b", 384, 192, 384, 48, 128, 128)
  x = x:adaptive_avg_pool2d {1}:flatten():dropout {rate}
  local logits = x:linear {classes, init = init(), name = "fc"}
  if not aux then return logits end
  return logits, {auxiliary(a, "aux1"), weight = 0.3}, {auxiliary(d, "aux2"), weight = 0.3}
end

return nn.model {
  input = {3, size, size},
  classes = classes,
  forward = forward,

  train = small and {
    batch = batch,
    epochs = 25,
    optimizer = nn.sgd {lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 5e-4},
    schedule = nn.cosine_lr {warmup = 2},
    resize = resize,
    augment = {crop = 4, flip = true},
  } or {
    batch = batch,
    epochs = 90,
    optimizer = nn.sgd {lr = 0.01, momentum = 0.9, weight_decay = 2e-4},
    schedule = nn.step_lr {epochs = 8, gamma = 0.96},
    resize = resize,
    augment = {flip = true},
  },
}
