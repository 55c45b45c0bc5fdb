-- A network of one to three ops with extreme attributes, the same for a seed: cnnc model.lua -D seed=7
-- Each attribute is usual, or at or around a limit: of the image, of the language, of 16, 31 or 32
-- bits. cnnc must reject the network at its line, or its program must compute what cnn-generic does.
local nn = require "nn"
local seed = nn.option("seed", 1, "which network")
local large = nn.option("large", false, "images, batches and channels too large to run, only to compile")

local NUMBERS_MAX = 1 << 18 -- of a value: larger ones take too long to compare
local CLASSES = 3

local draws = require("draws").of(seed)
local between, one_in, pick = draws.between, draws.one_in, draws.pick

-- At or around a limit, or of any magnitude.
local function extreme(limits)
  if one_in(3) then return between(0, (1 << between(1, 31)) - 1) end
  local v = pick(limits) + between(-1, 1)
  return math.max(0, math.min(v, 0x7fffffff))
end

-- One number in six is extreme.
local function number(usual, limits)
  return one_in(6) and extreme(limits) or pick(usual)
end

local function pair(x, usual, limits)
  local sizes = {x.height, x.width}
  local result = {}
  for i = 1, 2 do
    local all = {sizes[i], 2 * sizes[i], 1024, 4096, 65536, 0x7fffffff}
    table.move(limits, 1, #limits, #all + 1, all)
    result[i] = number(usual, all)
  end
  if one_in(3) then result[2] = result[1] end
  return result
end

local batch = pick {1, 2, 3, 16}
local input = {pick {1, 2, 3, 15, 16}, pick {1, 2, 3, 7, 12, 33}, pick {1, 2, 3, 7, 12, 33}}
if one_in(10) then -- a long image, and few terms in a sum: rounding is not what is tested
  local long = between(2, 3)
  input[long], input[5 - long], batch = pick {255, 256, 1023, 1025}, pick {1, 2}, 1
end

if large then
  local sides = {1, 2, 255, 4097, 1 << 16, (1 << 20) - 1, 1 << 24}
  input, batch = {pick {1, 3, 16}, pick(sides), pick(sides)}, pick {1, 1, 64, 4097, 1 << 20, 1 << 28}
  if one_in(2) then input[between(2, 3)] = 1 end
end

local function check_size(x)
  if large then return x end
  local numbers = batch
  for i = 2, #x.shape do numbers = numbers * x.shape[i] end
  if numbers > NUMBERS_MAX then error("larger than the test wants") end
  return x
end

local ops = {}

function ops.conv2d(x)
  local kernel = pair(x, {1, 1, 2, 3, 3, 5}, {})
  local g = {number({1, 2, 4, 16, 20}, {64, 1024}), kernel = kernel}
  g.stride = pair(x, {1, 1, 2, 3}, {kernel[1], kernel[2]})
  g.padding = pair(x, {0, 0, 1, 2}, {kernel[1], kernel[2], kernel[1] // 2})
  g.dilation = pair(x, {1, 1, 1, 2}, {(x.height - 1) // math.max(1, kernel[1] - 1)})
  if one_in(4) then g.groups = pick {x.channels, 2, 3, g[1], 0x7fffffff} end
  g.bias = one_in(2)
  return x:conv2d(g)
end

local function pool(x, op)
  local kernel = pair(x, {1, 2, 2, 3}, {})
  local g = {kernel = kernel, ceil_mode = one_in(2)}
  if not one_in(4) then g.stride = pair(x, {1, 2, 3}, {kernel[1], kernel[2]}) end
  g.padding = pair(x, {0, 0, 1}, {kernel[1] // 2, kernel[2] // 2})
  if op == "max_pool2d" then return x:max_pool2d(g) end
  g.count_include_pad = one_in(2)
  return x:avg_pool2d(g)
end

function ops.max_pool2d(x) return pool(x, "max_pool2d") end
function ops.avg_pool2d(x) return pool(x, "avg_pool2d") end
function ops.adaptive_avg_pool2d(x) return x:adaptive_avg_pool2d {pair(x, {1, 2, 3, 6}, {})} end
function ops.local_response_norm(x)
  return x:local_response_norm {number({1, 3, 5}, {x.channels, 1024, 0x7fffffff})}
end
function ops.pad_channels(x) return x:pad_channels {number({x.channels, x.channels + 3}, {1024, 0x7fffffff})} end
function ops.relu(x) return x:relu() end
function ops.concat(x) return nn.concat {x, x:relu()} end

local NAMES = {"conv2d", "conv2d", "conv2d", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d",
               "local_response_norm", "pad_channels", "relu", "concat"}

if large then
  function ops.batch_norm(x) return x:batch_norm() end
  function ops.add(x) return x + x:relu() end
  function ops.wide(x) return x:conv2d {extreme {1 << 20, 1 << 24, 1 << 27, 0x7fffffff}, 1} end
  function ops.long(x) return x:conv2d {pick {1, 16}, {1, 1024}, padding = {0, pick {0, 512, 1024}}} end
  table.move({"batch_norm", "add", "wide", "long"}, 1, 4, #NAMES + 1, NAMES)
end

return nn.model {
  name = "extreme",
  input = input,
  classes = CLASSES,
  train = {batch = batch, optimizer = nn.sgd {lr = 0.001}},
  forward = function(x)
    if one_in(2) then x = x:conv2d {pick {2, 16}, 1} end -- gradients of data, too
    for _ = 1, between(1, 3) do x = check_size(ops[pick(NAMES)](x)) end
    return check_size(x:flatten():linear {CLASSES})
  end,
}
