-- A net in the style of VGG for images of 32x32, quick to train: seven 3x3 convolutions with batch
-- norm. Those that widen the image are pooled at once, so that nothing wide is large (Jordan, "94%
-- on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024). Names are those of an nn.Sequential.
local nn = require "nn"
local size = nn.option("size", 32, "height and width of the images", {low = 32})
local classes = nn.option("classes", 10, "classes", {low = 1})
local width = nn.option("width", 1.0, "factor of the channels of every convolution",
  {low = 1 / 16, high = 16})
local rate = nn.option("dropout", 0.1, "probability of a zero before the classifier",
  {low = 0, below = 1})
local cutout = nn.option("cutout", 0, "side of the blanked square, in pixels", {low = 0})
local batch = nn.option("batch", 128, "images a step", {low = 1})

local place -- in the nn.Sequential, where every op counts

-- Convolution, a pool of 2x2 if that is wanted, batch norm, relu.
local function conv(x, channels, pooled)
  x = x:conv2d {math.tointeger(channels * width // 1), 3, padding = 1, bias = false,
                init = nn.he_normal {fan = "out"}, name = tostring(place)}
  if pooled then x = x:max_pool2d {2} end
  place = place + (pooled and 2 or 1)
  x = x:batch_norm {name = tostring(place)}:relu()
  place = place + 2
  return x
end

return nn.model {
  input = {3, size, size},
  classes = classes,
  loss = nn.softmax_cross_entropy {label_smoothing = 0.1},

  forward = function(x)
    place = 0
    x = nn.scope("features", function()
      x = conv(x, 32)
      for _, channels in ipairs {64, 320, 320} do
        x = conv(conv(x, channels, true), channels)
      end
      return x:max_pool2d {4}
    end)
    return x:flatten():dropout {rate}:linear {classes, name = "classifier"}
  end,

  train = {
    batch = batch,
    epochs = 22,
    optimizer = nn.sgd {lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 5e-4},
    schedule = nn.one_cycle_lr {rise = 0.25, divisor = 10, final_divisor = 1000},
    augment = {crop = 4, flip = true, cutout = cutout},
  },
}
