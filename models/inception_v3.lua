-- Inception v3: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception Architecture
-- for Computer Vision" (2016), as torchvision has it: large kernels taken apart into small ones and
-- into rows and columns. Names are torchvision's.
local nn = require "nn"
local aux = nn.option("aux", true, "an auxiliary classifier, in training alone")
local size = nn.option("size", 299, "height and width of the images",
  {low = aux and 107 or 75})
local classes = nn.option("classes", 1000, "classes", {low = 1})
local rate = nn.option("dropout", 0.5, "probability of a zero before the classifier",
  {low = 0, below = 1})
local resize = nn.option("resize", (size * 8 + 6) // 7,
  "scales the shorter side of photos, whose middle is cut out; 0: they have the size", {low = 0})
local batch = nn.option("batch", 32, "images a step", {low = 1})

-- A convolution with batch norm and relu, "BasicConv2d" of torchvision.
local function conv(x, channels, kernel, name, given)
  given = given or {}
  return nn.scope(name, function()
    return x:conv2d {channels, kernel, stride = given.stride, padding = given.padding or 0,
                     bias = false, init = nn.truncated_normal(given.deviation or 0.1), name = "conv"}
      :batch_norm {eps = 0.001, name = "bn"}:relu()
  end)
end

-- That keep height and width.
local function conv3x3(x, channels, name) return conv(x, channels, 3, name, {padding = 1}) end
local function row(x, channels, length, name) -- 1 x length
  return conv(x, channels, {1, length}, name, {padding = {0, length // 2}})
end
local function column(x, channels, length, name) -- length x 1
  return conv(x, channels, {length, 1}, name, {padding = {length // 2, 0}})
end

local function pooled(x) return x:avg_pool2d {3, stride = 1, padding = 1} end

-- 35x35
local function block_a(x, pool)
  local five = conv(conv(x, 48, 1, "branch5x5_1"), 64, 5, "branch5x5_2", {padding = 2})
  local double = conv3x3(conv(x, 64, 1, "branch3x3dbl_1"), 96, "branch3x3dbl_2")
  return nn.concat {
    conv(x, 64, 1, "branch1x1"),
    five,
    conv3x3(double, 96, "branch3x3dbl_3"),
    conv(pooled(x), pool, 1, "branch_pool"),
  }
end

-- 35x35 to 17x17
local function block_b(x)
  local double = conv3x3(conv(x, 64, 1, "branch3x3dbl_1"), 96, "branch3x3dbl_2")
  return nn.concat {
    conv(x, 384, 3, "branch3x3", {stride = 2}),
    conv(double, 96, 3, "branch3x3dbl_3", {stride = 2}),
    x:max_pool2d {3, stride = 2},
  }
end

-- 17x17, 7x7 kernels as rows and columns of `c` channels
local function block_c(x, c)
  local seven = conv(x, c, 1, "branch7x7_1")
  seven = column(row(seven, c, 7, "branch7x7_2"), 192, 7, "branch7x7_3")
  local double = conv(x, c, 1, "branch7x7dbl_1")
  double = row(column(double, c, 7, "branch7x7dbl_2"), c, 7, "branch7x7dbl_3")
  double = row(column(double, c, 7, "branch7x7dbl_4"), 192, 7, "branch7x7dbl_5")
  return nn.concat {
    conv(x, 192, 1, "branch1x1"),
    seven,
    double,
    conv(pooled(x), 192, 1, "branch_pool"),
  }
end

-- 17x17 to 8x8
local function block_d(x)
  local seven = row(conv(x, 192, 1, "branch7x7x3_1"), 192, 7, "branch7x7x3_2")
  seven = column(seven, 192, 7, "branch7x7x3_3")
  return nn.concat {
    conv(conv(x, 192, 1, "branch3x3_1"), 320, 3, "branch3x3_2", {stride = 2}),
    conv(seven, 192, 3, "branch7x7x3_4", {stride = 2}),
    x:max_pool2d {3, stride = 2},
  }
end

-- 8x8: rows and columns of 3 side by side
local function block_e(x)
  local three = conv(x, 384, 1, "branch3x3_1")
  local double = conv3x3(conv(x, 448, 1, "branch3x3dbl_1"), 384, "branch3x3dbl_2")
  return nn.concat {
    conv(x, 320, 1, "branch1x1"),
    row(three, 384, 3, "branch3x3_2a"),
    column(three, 384, 3, "branch3x3_2b"),
    row(double, 384, 3, "branch3x3dbl_3a"),
    column(double, 384, 3, "branch3x3dbl_3b"),
    conv(pooled(x), 192, 1, "branch_pool"),
  }
end

local function stem(x)
  x = conv(x, 32, 3, "Conv2d_1a_3x3", {stride = 2})
  x = conv(x, 32, 3, "Conv2d_2a_3x3")
  x = conv3x3(x, 64, "Conv2d_2b_3x3"):max_pool2d {3, stride = 2}
  x = conv(x, 80, 1, "Conv2d_3b_1x1")
  return conv(x, 192, 3, "Conv2d_4a_3x3"):max_pool2d {3, stride = 2}
end

local function auxiliary(x)
  x = conv(x:avg_pool2d {5, stride = 3}, 128, 1, "conv0")
  x = conv(x, 768, {math.min(5, x.height), math.min(5, x.width)}, "conv1", {deviation = 0.01})
  x = x:adaptive_avg_pool2d {1}:flatten()
  return x:linear {classes, init = nn.truncated_normal(0.001), name = "fc"}
end

local function forward(x)
  x = stem(x)
  for i, pool in ipairs {32, 64, 64} do
    x = nn.scope("Mixed_5" .. ("bcd"):sub(i, i), block_a, x, pool)
  end
  x = nn.scope("Mixed_6a", block_b, x)
  for i, channels in ipairs {128, 160, 160, 192} do
    x = nn.scope("Mixed_6" .. ("bcde"):sub(i, i), block_c, x, channels)
  end
  local middle = x
  x = nn.scope("Mixed_7a", block_d, x)
  x = nn.scope("Mixed_7b", block_e, x)
  x = nn.scope("Mixed_7c", block_e, x)
  x = x:adaptive_avg_pool2d {1}:flatten():dropout {rate}
  local logits = x:linear {classes, init = nn.truncated_normal(0.1), name = "fc"}
  if not aux then return logits end
  return logits, {nn.scope("AuxLogits", auxiliary, middle), weight = 0.4}
end

return nn.model {
  input = {3, size, size},
  classes = classes,
  forward = forward,
  loss = nn.softmax_cross_entropy {label_smoothing = 0.1},

  train = {
    batch = batch,
    epochs = 100,
    optimizer = nn.sgd {lr = 0.045, momentum = 0.9, weight_decay = 4e-5},
    schedule = nn.step_lr {epochs = 2, gamma = 0.94},
    resize = resize,
    augment = {flip = true},
  },
}
