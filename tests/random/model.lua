-- A small random network, the same for a seed: cnnc model.lua -D seed=7
-- Every op and attribute of the language comes up, in odd shapes and in graphs that branch, add and
-- concatenate, with auxiliary heads and frozen layers. Left out is what floats cannot be compared in:
-- dropout that draws, and batch_norm over fewer than ENOUGH numbers, whose gradients cancel.
local nn = require "nn"
local seed = nn.option("seed", 1, "which network")

local CLASSES, BATCHES, ENOUGH = 4, {1, 2, 5, 8, 16, 19}, 32

local draws = require("draws").of(seed)
local between, one_in, pick = draws.between, draws.one_in, draws.pick
local function real(low, high) return low + (high - low) * between(0, 1000) / 1000 end

-- A number for both directions, or one for each.
local function pair(low, high)
  if one_in(2) then return {between(low, high), between(low, high)} end
  local both = between(low, high)
  return {both, both}
end

-- Every fourth is wide: channels fill vectors, and images are large enough for Winograd convolution and for
-- parts of a concat that are written in place.
local WIDE = 16
local wide = seed % 4 == 0

local batch = pick(wide and {1, 2, 3} or BATCHES)
local input = {between(1, 4), between(4, 13), between(4, 13)}
if one_in(12) then input[between(2, 3)] = 1 end
if wide then input = {between(1, 4), between(12, 20), between(12, 20)} end

-- Layers with parameters ------------------------------------------------------------------------

local function weights_init()
  return pick {nn.he_normal(), nn.he_normal(), nn.he_uniform {fan = "out"}, nn.xavier_normal {gain = 2}}
end

local function training(layer)
  if one_in(8) then layer.trainable = false end
  if one_in(6) then layer.lr_scale = pick {0, 0.5, 3} end
  return layer
end

local function batch_norm(x)
  -- half of a batch may be traced
  if (batch + 1) // 2 * x.height * x.width < ENOUGH then return x end
  local layer = {eps = pick {1e-5, 1e-3}, momentum = pick {0.1, 0.3, 1}}
  if one_in(2) then layer.init, layer.bias_init = nn.normal(1), nn.uniform(0.5) end
  if one_in(6) then layer.statistics = "frozen" end
  return x:batch_norm(training(layer))
end

local function activation(x)
  local kind = between(1, 10)
  if kind <= 4 then return x:relu() end
  if kind == 5 then return x:leaky_relu {pick {0, 0.01, 0.3}} end
  if kind == 6 then return x:tanh() end
  if kind == 7 then return x:sigmoid() end
  return x
end

local function divisors(n)
  local found = {}
  for d = 1, n do
    if n % d == 0 then found[#found + 1] = d end
  end
  return found
end

-- Kernel, stride, padding and dilation that fit the sizes of x.
local function geometry(x)
  if wide and math.min(x.height, x.width) > 4 and one_in(2) then
    return {kernel = {3, 3}, stride = {1, 1}, padding = pair(0, 1), dilation = {1, 1}}
  end
  local g = {kernel = pair(1, 5), stride = pair(1, 3), padding = pair(0, 2), dilation = {1, 1}}
  if one_in(2) then g.stride = {1, 1} end
  if one_in(4) then g.dilation = pair(1, 3) end
  for i, size in ipairs {x.height, x.width} do
    local room = size + 2 * g.padding[i]
    while g.dilation[i] * (g.kernel[i] - 1) + 1 > room do g.kernel[i] = g.kernel[i] - 1 end
  end
  return g
end

-- Output as large as x.
local function same_geometry()
  if wide and not one_in(4) then
    local half = between(1, 2)
    return {kernel = {2 * half + 1, 2 * half + 1}, padding = {half, half}}
  end
  local dilation, half = pair(1, 2), pair(0, 2)
  return {
    kernel = {2 * half[1] + 1, 2 * half[2] + 1}, dilation = dilation,
    padding = {half[1] * dilation[1], half[2] * dilation[2]},
  }
end

local function convolution(x, layer, channels)
  local groups = not wide and one_in(3) and pick(divisors(x.channels)) or 1
  layer.channels = channels or wide and WIDE * between(1, 2) or groups * between(1, math.max(1, 10 // groups))
  layer.groups = layer.channels % groups == 0 and groups or 1
  layer.bias = not one_in(3)
  layer.init = weights_init()
  x = x:conv2d(training(layer))
  if one_in(3) then x = batch_norm(x) end
  return activation(x)
end

-- Blocks: a value [N,C,H,W] to another ----------------------------------------------------------

local blocks = {}

function blocks.convolution(x) return convolution(x, geometry(x)) end

local function pool(x, g)
  local layer = {kernel = g.kernel, stride = g.stride, padding = {}, ceil_mode = g.ceil_mode}
  for i = 1, 2 do layer.padding[i] = math.min(g.padding[i], g.kernel[i] // 2) end
  if one_in(2) then return x:max_pool2d(layer) end
  layer.count_include_pad = one_in(2)
  return x:avg_pool2d(layer)
end

function blocks.pool(x)
  local g = {kernel = pair(1, 3), stride = pair(1, 4), padding = pair(0, 1), ceil_mode = one_in(2)}
  g.kernel[1] = math.min(g.kernel[1], x.height)
  g.kernel[2] = math.min(g.kernel[2], x.width)
  return pool(x, g)
end

function blocks.adaptive_pool(x)
  return x:adaptive_avg_pool2d {{between(1, x.height + 2), between(1, x.width + 2)}}
end

function blocks.response_norm(x)
  return x:local_response_norm {
    between(1, 6), alpha = pick {1e-4, 0.1, 1}, beta = pick {0.5, 0.75, 0.6}, k = pick {1, 2},
  }
end

function blocks.norm(x) return activation(batch_norm(x)) end

function blocks.pad_channels(x) return x:pad_channels {x.channels + between(0, 3)} end

function blocks.nothing(x)
  local unused = one_in(2) and x:sigmoid() -- simplify removes it
  return x:dropout {0}
end

-- As large as x in height and width.
local function same_size(x, channels)
  local kind = channels and 1 or between(1, 5)
  if kind <= 2 then return convolution(x, same_geometry(), channels) end
  if kind == 3 then
    return pool(x, {kernel = {3, 3}, stride = {1, 1}, padding = {1, 1}})
  end
  if kind == 4 then return blocks.response_norm(x) end
  return x
end

function blocks.residual(x)
  local y = same_size(x, wide and WIDE or between(1, 8))
  local sum = one_in(3) and same_size(x, x.channels) or x
  sum = sum + same_size(y, x.channels)
  if one_in(4) then sum = sum + x end
  return one_in(2) and sum:relu() or sum
end

function blocks.concat(x)
  local parts = {}
  for i = 1, between(1, 3) do
    parts[i] = same_size(x)
    if one_in(3) then parts[i] = same_size(parts[i], wide and WIDE or between(1, 6)) end
  end
  return nn.concat(parts)
end

-- Convolution and pooling with the same windows, side by side.
function blocks.reduction(x)
  local g = geometry(x)
  g.dilation = {1, 1}
  for i = 1, 2 do g.padding[i] = math.min(g.padding[i], g.kernel[i] // 2) end
  local pooled = pool(x, g)
  return nn.concat {convolution(x, g), pooled, one_in(3) and activation(pooled) or nil}
end

local ORDER = {
  "convolution", "convolution", "convolution", "pool", "adaptive_pool", "response_norm", "norm",
  "pad_channels", "nothing", "residual", "residual", "concat", "concat", "reduction",
}

-- The network -----------------------------------------------------------------------------------

local function head(x)
  if one_in(2) then x = x:adaptive_avg_pool2d {pair(1, 2)} end
  x = x:flatten()
  if one_in(3) then
    x = activation(x:linear(training {between(1, 9), bias = not one_in(4), init = weights_init()}))
  end
  return x:linear {CLASSES, bias = not one_in(4)}
end

local OPTIMIZERS = {
  nn.sgd {lr = 0.01}, nn.sgd {lr = 0.01, momentum = 0.9, nesterov = true, weight_decay = 0.01},
  nn.adam(), nn.adamw(), nn.rmsprop {lr = 0.001, momentum = 0.5, centered = true},
}

return nn.model {
  input = input,
  classes = CLASSES,
  loss = one_in(4) and nn.squared_error()
    or nn.softmax_cross_entropy {label_smoothing = one_in(3) and real(0, 0.5) or 0},
  forward = function(x)
    local results = {}
    for i = 1, between(2, 5) do
      local block = blocks[pick(ORDER)]
      local may_freeze = block == blocks.convolution -- which makes a layer in any case
      x = may_freeze and one_in(4) and nn.frozen({block, statistics = pick {"batch", "frozen"}}, x) or block(x)
      if one_in(8) then results[#results + 1] = {head(x), weight = real(0.1, 1)} end
    end
    local logits = head(x)
    if wide and one_in(4) then -- logits, or those of a head, that are read again
      local read = one_in(2) and results[1] and results[1][1] or logits
      results[#results + 1] = {activation(read:linear(training {5})):linear {CLASSES}, weight = 0.5}
    end
    return logits, table.unpack(results)
  end,
  train = {
    batch = batch,
    optimizer = pick(OPTIMIZERS),
    decay = pick {"all", "weights"},
  },
}
