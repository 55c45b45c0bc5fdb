-- VGG: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition"
-- (2015). Nothing but 3x3 convolutions, pooled five times, in depths 11, 13, 16 and 19 (layers with
-- weights); with batch_norm as torchvision's vgg16_bn. Names are torchvision's.
local nn = require "nn"
local depth = nn.option("depth", 16, "layers with weights", {11, 13, 16, 19})
local batch_norm = nn.option("batch_norm", false, "batch norm behind every convolution")
local size = nn.option("size", 224, "height and width of the images", {low = 32})
local classes = nn.option("classes", 1000, "classes", {low = 1})
local hidden = nn.option("hidden", 4096, "features of the classifier's hidden layers; 0: none",
  {low = 0})
local rate = nn.option("dropout", 0.5, "probability of a zero in the classifier",
  {low = 0, below = 1})
local width = nn.option("width", 1.0, "factor of the channels of every convolution",
  {low = 1 / 64, high = 16})
local resize = nn.option("resize", size < 64 and 0 or (size * 8 + 6) // 7,
  "scales the shorter side of photos, whose middle is cut out; 0: they have the size", {low = 0})
local batch = nn.option("batch", size < 64 and 128 or 64, "images a step", {low = 1})
local name = nn.option("name", "vgg" .. depth .. (batch_norm and "_bn" or ""),
  "of the model and its run")

-- How many convolutions stand before each of the five poolings.
local STAGES = {
  [11] = {1, 1, 2, 2, 2},
  [13] = {2, 2, 2, 2, 2},
  [16] = {2, 2, 3, 3, 3},
  [19] = {2, 2, 4, 4, 4},
}
local stages = STAGES[depth]
local CHANNELS = {64, 128, 256, 512, 512}

local function features(x)
  local place = 0 -- in torchvision's nn.Sequential, where every op counts
  for stage, count in ipairs(stages) do
    for _ = 1, count do
      x = x:conv2d {math.tointeger(CHANNELS[stage] * width // 1), 3, padding = 1, init = nn.he_normal {fan = "out"},
                    bias_init = nn.zeros(), name = "features." .. place}
      if batch_norm then
        x = x:batch_norm {name = "features." .. place + 1}
        place = place + 1
      end
      x = x:relu()
      place = place + 2
    end
    x = x:max_pool2d {2}
    place = place + 1
  end
  return x
end

local function linear(x, count, place)
  return x:linear {count, init = nn.normal(0.01), bias_init = nn.zeros(),
                   name = "classifier." .. place}
end

local function classifier(x)
  if hidden == 0 then return linear(x:dropout {rate}, classes, 0) end
  x = linear(x, hidden, 0):relu():dropout {rate}
  x = linear(x, hidden, 3):relu():dropout {rate}
  return linear(x, classes, 6)
end

return nn.model {
  name = name,
  input = {3, size, size},
  classes = classes,

  forward = function(x)
    x = features(x)
    -- 224x224 images leave 7x7; smaller ones are not blown up to that.
    if size >= 224 then x = x:adaptive_avg_pool2d {7} end
    return classifier(x:flatten())
  end,

  train = size < 64 and {
    batch = batch,
    epochs = 25,
    optimizer = nn.sgd {lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 5e-4},
    schedule = nn.cosine_lr {warmup = 2},
    resize = resize,
    augment = {crop = 4, flip = true},
  } or {
    batch = batch,
    epochs = 90,
    optimizer = nn.sgd {lr = batch_norm and 0.1 or 0.01, momentum = 0.9, weight_decay = 5e-4},
    schedule = nn.step_lr {epochs = 30},
    resize = resize,
    augment = {flip = true},
  },
}
