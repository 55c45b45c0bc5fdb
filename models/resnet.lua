-- ResNet: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition" (2016). Depths 18,
-- 34 (basic blocks), 50, 101, 152 (bottlenecks) for ImageNet, as torchvision has them; and the
-- family of the paper's section 4.2 for 32x32 images: 20, 32, 44, 56, 110. Names are torchvision's.
local nn = require "nn"
local DEPTHS = "18, 34, 50, 101 or 152; for small images 6 n + 2: 8, 14, 20, 26 and so on"
local depth = nn.option("depth", 18, DEPTHS)
local of_imagenet = ({[18] = true, [34] = true, [50] = true, [101] = true, [152] = true})[depth]
local is_small = not of_imagenet and depth >= 8 and depth % 6 == 2
assert(of_imagenet or is_small, ("depth is %d, but must be %s"):format(depth, DEPTHS))
local size = nn.option("size", is_small and 32 or 224, "height and width of the images",
  {low = is_small and 8 or 32})
local classes = nn.option("classes", is_small and 10 or 1000, "classes", {low = 1})
local shortcut = nn.option("shortcut", is_small and "A" or "B",
  "where the shape changes: A, every second pixel and zeros for new channels; B, a 1x1 convolution",
  {"A", "B"})
local paper = nn.option("paper", false, "stride on the first 1x1 of a bottleneck, not on its 3x3")
local zero_gamma = nn.option("zero_gamma", false, "blocks begin as the identity (Goyal et al. 2017)")
local residual = nn.option("residual", true, "false: the plain net, without shortcuts")
local resize = nn.option("resize", is_small and 0 or (size * 8 + 6) // 7,
  "scales the shorter side of photos, whose middle is cut out; 0: they have the size", {low = 0})
local batch = nn.option("batch", is_small and 128 or 32, "images a step", {low = 1})
local name = nn.option("name", (residual and "resnet" or "plain") .. depth, "of the model and its run")

local function conv(x, channels, kernel, stride, name)
  return x:conv2d {channels, kernel, stride = stride, padding = kernel // 2, bias = false,
                   init = nn.he_normal {fan = "out"}, name = name}
end

-- The last batch norm of a block.
local function last_norm(x, name)
  return x:batch_norm {init = zero_gamma and nn.zeros() or nn.constant(1), name = name}
end

-- x in the shape of the block's result.
local function identity(x, channels, stride)
  if stride == 1 and x.channels == channels then return x end
  if shortcut == "B" then
    return conv(x, channels, 1, stride, "downsample.0"):batch_norm {name = "downsample.1"}
  end
  local every = x:avg_pool2d {1, stride = stride} -- windows of one pixel: every second one
  return every:pad_channels {channels}
end

local function join(x, y, channels, stride)
  return (residual and y + identity(x, channels, stride) or y):relu()
end

local function basic_block(x, channels, stride)
  local y = conv(x, channels, 3, stride, "conv1"):batch_norm {name = "bn1"}:relu()
  y = last_norm(conv(y, channels, 3, 1, "conv2"), "bn2")
  return join(x, y, channels, stride)
end

-- 1x1 to fewer channels, 3x3, 1x1 to four times as many.
local function bottleneck(x, channels, stride)
  local first, second = paper and stride or 1, paper and 1 or stride
  local y = conv(x, channels, 1, first, "conv1"):batch_norm {name = "bn1"}:relu()
  y = conv(y, channels, 3, second, "conv2"):batch_norm {name = "bn2"}:relu()
  y = last_norm(conv(y, 4 * channels, 1, 1, "conv3"), "bn3")
  return join(x, y, 4 * channels, stride)
end

-- `count` blocks, the first of which may halve height and width.
local function layer(x, number, block, channels, count, stride)
  return nn.scope("layer" .. number, function()
    for i = 0, count - 1 do
      x = nn.scope(i, block, x, channels, i == 0 and stride or 1)
    end
    return x
  end)
end

local IMAGENET = { -- blocks of each layer
  [18] = {basic_block, 2, 2, 2, 2},
  [34] = {basic_block, 3, 4, 6, 3},
  [50] = {bottleneck, 3, 4, 6, 3},
  [101] = {bottleneck, 3, 4, 23, 3},
  [152] = {bottleneck, 3, 8, 36, 3},
}

local function imagenet(x)
  local plan = IMAGENET[depth]
  x = conv(x, 64, 7, 2, "conv1"):batch_norm {name = "bn1"}:relu()
    :max_pool2d {3, stride = 2, padding = 1}
  for i = 1, 4 do
    x = layer(x, i, plan[1], 64 << (i - 1), plan[i + 1], i > 1 and 2 or 1)
  end
  return x
end

local function small(x)
  x = conv(x, 16, 3, 1, "conv1"):batch_norm {name = "bn1"}:relu()
  for i = 1, 3 do
    x = layer(x, i, basic_block, 16 << (i - 1), (depth - 2) // 6, i > 1 and 2 or 1)
  end
  return x
end

return nn.model {
  name = name,
  input = {3, size, size},
  classes = classes,

  forward = function(x)
    x = (is_small and small or imagenet)(x)
    return x:adaptive_avg_pool2d {1}:flatten():linear {classes, name = "fc"}
  end,

  -- On small images not the 164 epochs of the paper: a cosine gets there in fewer.
  train = is_small and {
    batch = batch,
    epochs = 60,
    optimizer = nn.sgd {lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 5e-4},
    schedule = nn.cosine_lr {warmup = 2},
    resize = resize,
    augment = {crop = 4, flip = true},
  } or {
    batch = batch,
    epochs = 90,
    optimizer = nn.sgd {lr = 0.1, momentum = 0.9, weight_decay = 1e-4},
    schedule = nn.step_lr {epochs = 30},
    resize = resize,
    augment = {flip = true},
  },
}
