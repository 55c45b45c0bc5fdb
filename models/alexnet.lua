-- AlexNet. By default the one tower of Krizhevsky, "One weird trick for parallelizing convolutional
-- neural networks" (2014), as torchvision has it. With -D paper=true the net of Krizhevsky, Sutskever
-- and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks" (2012): more
-- channels, convolutions in the two groups that lived on two GPUs, local response normalisation.
local nn = require "nn"
local size = nn.option("size", 224, "height and width of the images", {low = 8})
local classes = nn.option("classes", 1000, "classes", {low = 1})
local paper = nn.option("paper", false, "two groups and local response normalisation (2012)")
local batch = nn.option("batch", 128, "images a step", {low = 1})
local rate = nn.option("dropout", 0.5, "probability of a zero in the classifier",
  {low = 0, below = 1})
local hidden = nn.option("hidden", 4096, "features of the classifier's hidden layers",
  {low = 1})

local small = size < 64 -- images of 32x32: the first layer keeps more of them
local resize = nn.option("resize", small and 0 or (size * 8 + 6) // 7,
  "scales the shorter side of photos, whose middle is cut out; 0: they have the size", {low = 0})

local function layer(x, i, channels, kernel, given)
  given = given or {}
  local groups = paper and given.groups or 1
  return x:conv2d {channels, kernel, stride = given.stride or 1, padding = given.padding or 1,
                   groups = groups, init = small and nn.he_normal() or paper and nn.normal(0.01) or nil,
                   name = "features." .. i}:relu()
end

local function normalise(x)
  return paper and x:local_response_norm {5, alpha = 5e-4, k = 2} or x -- alpha is divided by 5
end

local function pool(x)
  return x:max_pool2d {small and 2 or 3, stride = 2}
end

return nn.model {
  input = {3, size, size},
  classes = classes,

  -- Numbers in names are places in torchvision's nn.Sequential, where activations count too.
  forward = function(x)
    if small then
      x = layer(x, 0, paper and 96 or 64, 3, {stride = 1})
    else
      x = layer(x, 0, paper and 96 or 64, 11, {stride = 4, padding = 2})
    end
    x = pool(normalise(x))
    x = layer(x, 3, paper and 256 or 192, 5, {padding = 2, groups = 2})
    x = pool(normalise(x))
    x = layer(x, 6, 384, 3)
    x = layer(x, 8, paper and 384 or 256, 3, {groups = 2})
    x = layer(x, 10, 256, 3, {groups = 2})
    x = pool(x)
    if not small then x = x:adaptive_avg_pool2d {6} end
    x = x:flatten():dropout {rate}
      :linear {hidden, name = "classifier.1"}:relu():dropout {rate}
      :linear {hidden, name = "classifier.4"}:relu()
    return x:linear {classes, name = "classifier.6"}
  end,

  train = small and {
    batch = batch,
    epochs = 20,
    optimizer = nn.sgd {lr = 0.02, momentum = 0.9, nesterov = true, weight_decay = 5e-4},
    schedule = nn.cosine_lr {warmup = 1},
    resize = resize,
    augment = {crop = 4, flip = true},
  } or {
    batch = batch,
    epochs = 90,
    optimizer = nn.sgd {lr = 0.01, momentum = 0.9, weight_decay = 5e-4},
    schedule = nn.step_lr {epochs = 30},
    resize = resize,
    augment = {flip = true},
  },
}
