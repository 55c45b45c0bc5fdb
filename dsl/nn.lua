-- nn: the vocabulary of models; docs/language.md is its reference. It names layers and parameters,
-- and has the graph built by `core`, the functions of dsl.c, values.c, nodes.c and finish.c; `check`
-- is what check.lua returns, and `freeze` what freeze.lua does.
local core, check, freeze = ...
local text = string.format
local arguments, convert, fail, make = check.arguments, check.convert, check.fail, check.make
local list, shown, sorted_keys = check.list, check.shown, check.sorted_keys
local copied, length_of, suggestion = check.copied, check.length_of, check.suggestion
local fail_at = check.fail_at
local nn, methods = {}, {}

-- Names of layers -----------------------------------------------------------------------------

local LAYER_NAME_MAX, MODEL_NAME_MAX = 128, 64 -- characters, scopes included

local scope = "" -- "layer1.0."
local counts = {}
-- What holds a name, by the name in C, where a dot becomes an underscore: names stay unique there.
local taken = {x = "the network's input", images = "the network's input", loss = "the loss"}

local function in_c(name) return (string.gsub(name, "%.", "_")) end

local function check_name(what, name)
  if not string.find(name, "^[%w_]+[%w_.]*$") or string.find(name, "..", 1, true)
    or string.find(name, "%.$") then
    fail("%s: %q cannot be a name; use letters, digits, _ and dots between them", what, name)
  end
end

local function take(what, name, holder)
  local id = in_c(name)
  if taken[id] then
    fail("%s: the name '%s' is taken by %s; give it another", what, name, taken[id])
  end
  taken[id] = holder
end

local function free_name(op)
  local key = scope .. op
  repeat counts[key] = (counts[key] or 0) + 1
  until not taken[in_c(key .. counts[key])]
  return key .. counts[key]
end

-- Values of a layer besides its result, weight and bias.
local EXTRA = {
  batch_norm = {".running_mean", ".running_var", ".mean", ".inverse"},
  local_response_norm = {".scale"},
  max_pool2d = {".argmax"},
}

-- The full name of a layer, which reserves all names that its values will have.
local function name_layer(op, given, has_weight, has_bias)
  local what = given and text("%s '%s'", op, scope .. given) or op
  if given then check_name(what, given) end
  local name = given and scope .. given or free_name(op)
  if #name > LAYER_NAME_MAX then
    fail("%s: with its scopes the name has %d characters, but at most %d are allowed", op, #name,
         LAYER_NAME_MAX)
  end
  if string.find(name, "^%d") then
    fail("%s: the name must begin with a letter; put it in a scope, or before it 'layer'", what)
  end
  local holder = text("the %s in %s:%d", op, core.position())
  for _, suffix in ipairs {"", has_weight and ".weight", has_bias and ".bias"} do
    if suffix then
      take(what, name .. suffix, holder)
      take(what, "d" .. name .. suffix, holder)
    end
  end
  for _, suffix in ipairs(EXTRA[op] or {}) do take(what, name .. suffix, holder) end
  return name
end

-- Layers within the body get the prefix "name."; returns what the body returns.
function nn.scope(name, body, ...)
  if math.type(name) == "integer" then name = tostring(name) end
  if type(name) ~= "string" then fail("nn.scope: the name must be a text, not %s", shown(name)) end
  check_name("nn.scope", name)
  if type(body) ~= "function" then
    fail("nn.scope: write nn.scope(%q, function() ... end), not %s", name, shown(body))
  end
  local outer = scope
  scope = scope .. name .. "."
  local results = table.pack(body(...))
  scope = outer
  return table.unpack(results, 1, results.n)
end

-- Ops -----------------------------------------------------------------------------------------

local DEFAULTS = {
  stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, ceil_mode = false,
  count_include_pad = true, p = 0.5, label_smoothing = 0, slope = 0.01, momentum = 0.1, eps = 1e-5,
  alpha = 1e-4, beta = 0.75, k = 1,
}
local RANGES = {
  p = {low = 0, below = 1}, label_smoothing = {low = 0, high = 1}, momentum = {low = 0, high = 1},
  eps = {above = 0}, k = {above = 0}, alpha = {low = 0}, beta = {above = 0},
  slope = {low = 0},
}

local function fields_of(op)
  local fields = {}
  for i, attribute in ipairs(op) do
    local field = {name = attribute.name, type = attribute.type, required = attribute.required,
                   default = DEFAULTS[attribute.name]}
    for key, v in pairs(RANGES[field.name] or {}) do field[key] = v end
    fields[i] = field
  end
  return fields
end

local frozen = 0 -- how many calls of nn.frozen are around
local frozen_statistics = 0 -- how many of these keep the statistics of batch norms
local layers = {} -- names of all layers with parameters

-- The body of nn.frozen(body) or nn.frozen{body, statistics =}, and whether statistics are frozen.
local function read_frozen(given)
  if type(given) == "function" then return given, false end
  local values = type(given) == "table" and not core.is_value(given) and copied(given) or {}
  if type(values[1]) ~= "function" then
    fail("nn.frozen: write nn.frozen(function() ... end) or nn.frozen({function() ... end, statistics = "
         .. "\"frozen\"}), not %s", shown(given))
  end
  for key in next, values do
    if key ~= 1 and key ~= "statistics" then
      fail("nn.frozen: it accepts a function and statistics, and no [%s]", tostring(key))
    end
  end
  return values[1], freeze.statistics_are_frozen("nn.frozen", values.statistics)
end

-- Layers within the body keep the parameters that they start with; returns what the body returns.
function nn.frozen(given, ...)
  local body, statistics = read_frozen(given)
  local before = #layers
  frozen = frozen + 1
  if statistics then frozen_statistics = frozen_statistics + 1 end
  local results = table.pack(body(...))
  frozen = frozen - 1
  if statistics then frozen_statistics = frozen_statistics - 1 end
  if #layers == before then
    fail("nn.frozen: nothing in it makes a layer with parameters, so nothing is frozen; call it in forward, "
         .. "around the layers, or name them in the recipe, train = {freeze = {\"conv1\"}}")
  end
  return table.unpack(results, 1, results.n)
end

local function define_layer(op)
  local fields = fields_of(op)
  local is_norm = op.name == "batch_norm"
  local has_weight = op.has_parameters
  local is_pool = op.name == "max_pool2d" or op.name == "avg_pool2d"
  fields[#fields + 1] = {name = "name", type = "STRING", named_only = true}
  if has_weight then
    fields[#fields + 1] = {name = "init", type = "INIT", named_only = true}
    fields[#fields + 1] = {name = "bias_init", type = "INIT", named_only = true}
    fields[#fields + 1] = {name = "trainable", type = "BOOL", default = true, named_only = true}
    if is_norm then fields[#fields + 1] = {name = "statistics", type = "STRING", named_only = true} end
    fields[#fields + 1] = {name = "lr_scale", type = "REAL", default = 1, low = 0, named_only = true}
  end
  if is_pool then
    for _, field in ipairs(fields) do
      if field.name == "stride" then field.default = nil end -- the kernel
    end
  end
  methods[op.name] = function(x, given)
    local name = type(given) == "table" and not core.is_value(given) and given.name
    local what = type(name) == "string" and text("%s '%s'", op.name, scope .. name) or op.name
    local args = arguments(what, fields, given)
    if is_pool and not args.stride then args.stride = args.kernel end
    if args.bias_init and args.bias_init.needs_fans then
      fail("%s: bias_init needs a weight's fans; take nn.zeros(), nn.constant, nn.uniform or "
           .. "nn.normal", what)
    end
    if is_norm then
      args.bias = true
      if args.init and args.init.needs_fans then
        fail("%s: a scale for each channel has no fans; take nn.zeros(), nn.constant, nn.uniform or "
             .. "nn.normal", what)
      end
    end
    if frozen > 0 then args.trainable = false end
    if is_norm then
      args.frozen_statistics = frozen_statistics > 0 or freeze.statistics_are_frozen(what, args.statistics)
    end
    if args.bias_init and not args.bias then fail("%s: bias_init without a bias", what) end
    local layer = name_layer(op.name, args.name, has_weight, args.bias)
    if has_weight then layers[#layers + 1] = layer end
    return core.node(op.name, layer, args.name ~= nil, args, x)
  end
end

local function define_loss(op)
  local fields = fields_of(op)
  nn[op.name] = function(given)
    local loss = arguments("nn." .. op.name, fields, given)
    loss.kind = op.name
    return make("loss", "nn." .. op.name, loss)
  end
end

for _, op in ipairs(core.ops) do
  if op.is_loss then define_loss(op)
  elseif op.name ~= "add" and op.name ~= "concat" then define_layer(op)
  end
end

-- a + b
local function add(a, b)
  if not (core.is_value(a) and core.is_value(b)) then
    local other = core.is_value(a) and b or a
    fail("add: a value can be added to a value of the same shape, not to %s", shown(other))
  end
  return core.node("add", name_layer("add"), false, {}, a, b)
end

local PROPERTIES = {"channels", "height", "width", "features", "shape"}

-- nn.concat{a, b, ..., name =}: channels behind each other
function nn.concat(given)
  if type(given) ~= "table" or next(given) == nil then
    fail("nn.concat: write nn.concat{a, b, ...} with one value or more, not %s", shown(given))
  end
  local values = copied(given)
  local name = values.name
  values.name = nil
  local unknown = sorted_keys(values)[1]
  if unknown then fail("nn.concat: unknown argument '%s'; it accepts values and name", unknown) end
  local count = length_of("nn.concat", "argument", values)
  if count < 1 then fail("nn.concat: there is no value to concatenate") end
  if count > core.inputs_max then
    fail("nn.concat: %d values are too many, more than %d; concat some of them first", count, core.inputs_max)
  end
  for i, value in ipairs(values) do
    if not core.is_value(value) then fail("nn.concat: argument %d must be a value, not %s", i, shown(value)) end
  end
  if name ~= nil and type(name) ~= "string" then
    fail("nn.concat: name must be a text, not %s", shown(name))
  end
  return core.node("concat", name_layer("concat", name), name ~= nil, {}, table.unpack(values))
end

local function unknown_op(_, key)
  local ops, names = sorted_keys(methods), sorted_keys(methods)
  table.move(PROPERTIES, 1, #PROPERTIES, #names + 1, names)
  fail("unknown op '%s'%s; ops are %s; a value has %s", tostring(key),
       suggestion(tostring(key), names), list(ops, "and"), list(PROPERTIES, "and"))
end

-- Initialisers --------------------------------------------------------------------------------

local function define_initialiser(kind, field, fixed)
  local fields = {field}
  if string.find(kind, "^he") then
    fields[2] = {name = "fan", type = "FAN", default = "in", named_only = true}
  end
  nn[kind] = function(given)
    if field and math.type(given) then given = {given} end
    local args = arguments("nn." .. kind, fields, given)
    local init = {kind = core.inits[args.fan == "out" and kind .. "_out" or kind], scale = fixed or args[field.name],
                  needs_fans = string.find(kind, "^xavier") or string.find(kind, "^he")}
    return make("initialiser", "nn." .. kind, init)
  end
end

define_initialiser("zeros", nil, 0)
define_initialiser("constant", {name = "value", type = "REAL", required = true})
local function gain(default)
  return {name = "gain", type = "REAL", default = default, above = 0}
end
define_initialiser("xavier_uniform", gain(1))
define_initialiser("xavier_normal", gain(1))
define_initialiser("he_uniform", gain(2 ^ 0.5)) -- sqrt(2): half of what a ReLU sees is lost
define_initialiser("he_normal", gain(2 ^ 0.5))
define_initialiser("uniform", {name = "bound", type = "REAL", required = true, above = 0})
define_initialiser("normal", {name = "deviation", type = "REAL", required = true, above = 0})
define_initialiser("truncated_normal",
  {name = "deviation", type = "REAL", required = true, above = 0, high = 2})

-- The recipe ----------------------------------------------------------------------------------

local function define_part(sort, kind, fields, check)
  nn[kind] = function(given)
    local what = "nn." .. kind
    local part = arguments(what, fields, given)
    if check then check(what, part) end
    part.kind = kind
    return make(sort, what, part)
  end
end

local settings = core.settings -- by table, what cnn_recipe.def declares

define_part("optimizer", "sgd", settings.sgd, function(what, sgd)
  if sgd.nesterov and sgd.momentum == 0 then
    fail("%s: nesterov needs a momentum; set momentum = 0.9", what)
  end
end)
define_part("optimizer", "adam", settings.adam)
define_part("optimizer", "adamw", settings.adamw)
define_part("optimizer", "rmsprop", settings.rmsprop)

-- Every schedule may begin with a linear warm-up.
local function define_schedule(kind, check)
  local fields = copied(settings[kind] or {})
  table.move(settings.any_lr, 1, #settings.any_lr, #fields + 1, fields)
  define_part("schedule", kind, fields, check)
end

define_schedule("constant_lr")
define_schedule("step_lr")
define_schedule("multi_step_lr", function(what, schedule)
  local milestones = schedule.milestones
  local count = length_of(what, "milestones", milestones)
  if count < 1 or count > core.milestones_max then
    fail("%s: milestones must be a table of 1 to %d epochs, not of %d", what, core.milestones_max,
         count)
  end
  for i, v in ipairs(milestones) do
    convert(what, {name = text("milestones[%d]", i), type = "INT", low = 1}, v)
    if i > 1 and v <= milestones[i - 1] then
      fail("%s: milestones must ascend, but %d comes after %d", what, v, milestones[i - 1])
    end
  end
end)
define_schedule("exponential_lr")
define_schedule("polynomial_lr")
define_schedule("cosine_lr")
define_schedule("one_cycle_lr", function(what, schedule)
  local bounds = schedule.momentum
  if not bounds then return end
  local count = length_of(what, "momentum", bounds)
  if count ~= 2 then
    fail("%s: momentum must be {lowest, highest}, not a table of %d", what, count)
  end
  convert(what, {name = "momentum[2]", type = "REAL", above = 0, below = 1}, bounds[2])
  convert(what, {name = "momentum[1]", type = "REAL", low = 0, high = bounds[2]}, bounds[1])
end)
define_schedule("plateau_lr")

-- Options: nn.option("depth", 18, "layers", {18, 34}), set by -D depth=34 -----------------------

local options = {} -- {name=, default=, help=, allowed=, value=} in the order of their declaration

local presets = {} -- by name, what nn.preset set: {value =, place = {file, line}}

local building = false -- forward runs, after -D has been read

local function check_outside(what)
  if building then fail("%s: call it outside of forward, when the file is read", what) end
end

-- Other defaults for options that a required model declares: resnet34.lua is resnet.lua with one.
function nn.preset(given)
  check_outside("nn.preset")
  if type(given) ~= "table" or core.is_value(given) then
    fail("nn.preset: write nn.preset{depth = 34}, not %s", shown(given))
  end
  local values, place = copied(given), {core.position()}
  for key in next, values do
    if type(key) ~= "string" then
      fail("nn.preset: write nn.preset{depth = 34}: [%s] is no name", tostring(key))
    end
  end
  for _, name in ipairs(sorted_keys(values)) do
    for _, option in ipairs(options) do
      if option.name == name then
        fail("nn.preset: '%s' has its value already; call nn.preset before require", name)
      end
    end
    local outer = presets[name] -- what requires a file comes before it
    if outer and outer.place[1] == place[1] then
      fail("nn.preset: '%s' is given in line %d too; take one of the two", name, outer.place[2])
    end
    presets[name] = outer or {value = values[name], place = place}
  end
end

local function is_alike(a, b) return type(a) == type(b) and math.type(a) == math.type(b) end

local function preset_of(name, default)
  local preset = presets[name]
  if not preset then return default end
  if math.type(default) == "float" and math.type(preset.value) == "integer" then
    return preset.value + 0.0 -- as -D converts it
  end
  if not is_alike(preset.value, default) then
    fail_at(preset.place, "nn.preset: %s is %s, but the default of the option is %s", name,
            shown(preset.value), shown(default))
  end
  return preset.value
end

local function parse_option(option, given)
  local kind = math.type(option.default) or type(option.default)
  local value, words
  if kind == "integer" then value, words = tonumber(given), "a whole number below 2^31"
    value = check.is_int(value) and math.tointeger(value) or nil
  elseif kind == "float" then value, words = tonumber(given), "a number"
  elseif kind == "boolean" then
    if given == "true" then return true elseif given == "false" then return false end
    words = "true or false"
  else return given
  end
  if not check.is_finite(value) then
    core.fail(text("-D %s=%s: %s is %s (its default is %s)", option.name, given, option.name, words,
                   tostring(option.default)), "usage")
  end
  return kind == "float" and value + 0.0 or value
end

local function is_range(allowed, default)
  for key, v in pairs(allowed) do
    if not check.is_bound(key) or not math.type(v) or v ~= v or not math.type(default) then
      return false
    end
  end
  return true
end

local function is_choice(what, allowed, default)
  for key, v in pairs(allowed) do
    if math.type(key) ~= "integer" or not is_alike(v, default) then return false end
  end
  return length_of(what, "what is allowed", allowed) > 0
end

-- What an option may be: values like its default, {"A", "B"}, or a range; {} for anything.
local function read_allowed(name, default, allowed)
  if allowed == nil then return {} end
  local what = text("nn.option '%s'", name)
  local given = type(allowed) == "table" and copied(allowed) or {}
  if next(given) ~= nil and (is_range(given, default) or is_choice(what, given, default)) then
    return given
  end
  fail("%s: what is allowed must be a table of values like the default, {8, 16}, or of bounds of a "
       .. "number, {low = 1, high = 9} or {above = 0, below = 10}", what)
end

local function allowed_text(allowed)
  if next(allowed) == nil then return nil end
  if #allowed == 0 then return check.range_text(allowed) end
  local words = {}
  for i, v in ipairs(allowed) do words[i] = tostring(v) end
  return list(words, "or")
end

local function check_allowed(what, option, v, place)
  local allowed = option.allowed
  if #allowed == 0 then return check.check_range(what, option.name, allowed, v, place) end
  for _, candidate in ipairs(allowed) do
    if v == candidate then return end
  end
  fail_at(place, "%s: %s is %s, but must be %s", what, option.name, tostring(v),
          allowed_text(allowed))
end

-- The value of the option: that of -D, or else nn.preset, or else the default.
local function option_value(option)
  local given, preset = core.definitions[option.name], presets[option.name]
  local value, what, place = option.default, text("nn.option '%s'", option.name), nil
  if given then
    value, what = parse_option(option, given), text("-D %s=%s", option.name, given)
    place = "usage"
  elseif preset then
    what, place = "nn.preset", preset.place
  end
  check_allowed(what, option, value, place)
  return value
end

function nn.option(name, default, help, allowed)
  check_outside("nn.option")
  if type(name) ~= "string" or not string.find(name, "^[%a_][%w_]*$") then
    fail("nn.option: the name must be a text of letters, digits and _, not %s", shown(name))
  end
  if not ({number = true, boolean = true, string = true})[type(default)] then
    fail("nn.option '%s': the default must be a number, a text or true or false, not %s", name,
         shown(default))
  end
  if math.type(default) == "integer" and not check.is_int(default)
    or math.type(default) == "float" and not check.is_finite(default) then
    fail("nn.option '%s': the default must be a finite number, if it is whole below 2^31, not %s", name,
         shown(default))
  end
  if help ~= nil and type(help) ~= "string" then
    fail("nn.option '%s': the help must be a text, not %s", name, shown(help))
  end
  for _, option in ipairs(options) do
    if option.name == name then fail("nn.option '%s': the option is declared twice", name) end
  end
  local option = {name = name, default = preset_of(name, default), help = help or "",
                  allowed = read_allowed(name, default, allowed)}
  option.value = option_value(option)
  options[#options + 1] = option
  return option.value
end

local function check_definitions()
  local names, declared = {}, {}
  for i, option in ipairs(options) do
    names[i] = option.name
    declared[option.name] = true
  end
  for _, name in ipairs(sorted_keys(presets)) do
    if not declared[name] then
      fail_at(presets[name].place, "nn.preset: the model has no option '%s'%s", name,
              suggestion(name, names))
    end
  end
  for _, name in ipairs(sorted_keys(core.definitions)) do
    if not declared[name] then
      core.fail(text("-D %s: the model has no such option%s; %s", name, suggestion(name, names),
                     #names > 0 and "it has " .. list(names, "and") or "it has none"), "usage")
    end
  end
end

-- Models --------------------------------------------------------------------------------------

local cross_entropy, sgd, constant_lr = nn.softmax_cross_entropy, nn.sgd, nn.constant_lr -- the defaults

local NAME = {name = "name", type = "STRING", named_only = true}
local MODEL = {
  NAME,
  {name = "input", type = "TABLE", required = true, named_only = true},
  {name = "classes", type = "INT", required = true, named_only = true, low = 1},
  {name = "forward", type = "FUNCTION", required = true, named_only = true},
  {name = "loss", type = "LOSS", named_only = true},
  {name = "train", type = "TABLE", named_only = true},
}
local TRAIN = copied(settings.train)
table.move({
  {name = "optimizer", type = "OPTIMIZER", named_only = true},
  {name = "schedule", type = "SCHEDULE", named_only = true},
  {name = "decay", type = "DECAY", default = "all", named_only = true},
  {name = "normalize", type = "NORMALIZE", default = "dataset", named_only = true},
  {name = "augment", type = "TABLE", named_only = true},
  {name = "freeze", type = "TABLE", named_only = true},
}, 1, 6, #TRAIN + 1, TRAIN)
local NORMALIZE = {
  {name = "mean", type = "TABLE", required = true, named_only = true},
  {name = "deviation", type = "TABLE", required = true, named_only = true},
}

local function check_model_name(what, name)
  if #name > MODEL_NAME_MAX then
    fail("%s: the name has %d characters, but at most %d are allowed", what, #name, MODEL_NAME_MAX)
  end
  if not string.find(name, "^[%a_][%w_]*$") then
    fail("%s: name %q must be letters, digits and _, a letter first, because it becomes a name in C; "
         .. "set name = \"...\"", what, name)
  end
  return name
end

local function check_input(input)
  local count = length_of("nn.model", "input", input)
  if count ~= 3 then
    fail("nn.model: input must be {channels, height, width}, not a table of %d", count)
  end
  for i, name in ipairs {"channels", "height", "width"} do
    if not check.is_int(input[i]) or input[i] < 1 then
      fail("nn.model: input must be three whole numbers of at least 1; its %s is %s", name,
           shown(input[i]))
    end
  end
  if input[1] > core.channels_max then
    fail("nn.model: input has %d channels; at most %d can be read", input[1], core.channels_max)
  end
  if 1.0 * input[1] * input[2] * input[3] > check.INT_MAX then
    fail("nn.model: an input of %dx%dx%d is too large", input[1], input[2], input[3])
  end
end

local function check_normalize(recipe, normalize, channels)
  if normalize == "dataset" then return normalize end
  local what = recipe .. ".normalize"
  local checked = arguments(what, NORMALIZE, normalize)
  for _, name in ipairs {"mean", "deviation"} do
    local count = length_of(what, name, checked[name])
    if count ~= channels then
      fail("%s: %s has %d numbers, but the input has %d channels", what, name, count, channels)
    end
    for i, v in ipairs(checked[name]) do
      local field = {name = text("%s[%d]", name, i), type = "REAL"}
      if name == "deviation" then field.above = 0 else field.low = 0 end
      if convert(what, field, v) > 1 then
        fail("%s: %s is %s, but pixels count from 0 to 1 here: divide by 255", what, field.name, v)
      end
    end
  end
  return checked
end

-- Ends a model, which nobody else holds, with this recipe, the table `at` of the call; `what` names it.
local function with_train(what, at, model, given)
  local train = arguments(what, TRAIN, given, at)
  train.optimizer = train.optimizer or check.made_as("optimizer", sgd {lr = 0.01})
  train.schedule = train.schedule or check.made_as("schedule", constant_lr())
  core.look_at(at, "schedule")
  if train.schedule.warmup >= train.epochs then
    fail("%s: the schedule's warm-up has %g epochs, but the training has %d; make the one shorter "
         .. "or the other longer", what, train.schedule.warmup, train.epochs)
  end
  if train.schedule.momentum and train.optimizer.momentum == 0 then
    fail("%s: the schedule changes the momentum, but nn.%s has none; set momentum = %g there", what,
         train.optimizer.kind, train.schedule.momentum[2])
  end
  core.look_at(at, "normalize")
  train.normalize = check_normalize(what, train.normalize, model.input[1])
  core.look_at(at, "freeze")
  if train.freeze then train.freeze = freeze.read(what .. ".freeze", train.freeze, {core.position()}) end
  core.look_at(at, "resize")
  if train.resize > 0 and train.resize < math.max(model.input[2], model.input[3]) then
    fail("%s: resize is %d, but the images are %dx%d; the shorter side must be left at least as long",
         what, train.resize, model.input[2], model.input[3])
  end
  core.look_at(at, "augment")
  train.augment = arguments(what .. ".augment", settings.augment, train.augment)
  for _, word in ipairs {"crop", "cutout"} do
    if train.augment[word] >= math.min(model.input[2], model.input[3]) then
      fail("%s.augment: %s is %d, but the images are %dx%d; it must be smaller", what, word,
           train.augment[word], model.input[2], model.input[3])
    end
  end
  core.look_at(at, "batch")
  if core.batch > 0 then
    core.look_at()
    train.batch = core.batch
  end
  local most = check.INT_MAX // (model.input[1] * model.input[2] * model.input[3])
  if train.batch > most then
    fail("%s: a batch of %d images of %dx%dx%d is too large: at most %d", what, train.batch,
         model.input[1], model.input[2], model.input[3], most)
  end
  core.look_at()
  core.model_here()
  model.train, model.recipe = train, check.copied_whole(given or {})
  return make("model", "nn.model", model, "it may have options (nn.option), and nn.with_recipe gives "
              .. "it another recipe")
end

-- The table that a model file returns.
function nn.model(given)
  local model = arguments("nn.model", MODEL, given, "")
  core.look_at("", "input")
  check_input(model.input)
  core.look_at("", "name")
  model.name = check_model_name("nn.model", model.name or core.stem)
  core.look_at()
  model.loss = model.loss or check.made_as("loss", cross_entropy())
  return with_train("nn.model: train", "train", model, model.train)
end

-- The same network with another recipe: what is given replaces that of the model's `train`; and `name`.
function nn.with_recipe(given)
  local values = type(given) == "table" and copied(given) or {}
  local model = check.made_as("model", values[1])
  if not model then
    local first = given
    if next(values) ~= nil then first = values[1] end
    fail("nn.with_recipe: write nn.with_recipe{model, optimizer = ...}, a model first, not %s",
         shown(first))
  end
  local recipe, renamed = copied(model.recipe), copied(model)
  for key, v in next, values do
    if type(key) == "string" then
      recipe[key] = v
    elseif key ~= 1 then
      fail("nn.with_recipe: it accepts one model, then fields of train by their names, and no [%s]",
           tostring(key))
    end
  end
  if recipe.name ~= nil then
    core.look_at("", "name")
    renamed.name = check_model_name("nn.with_recipe", convert("nn.with_recipe", NAME, recipe.name))
    recipe.name = nil
  end
  return with_train("nn.with_recipe", "", renamed, recipe)
end

local function check_model(returned)
  local model = check.made_as("model", returned)
  if not model then
    fail("a model file must end with `return nn.model{...}`; this one returns %s",
         shown(returned))
  end
  check_definitions()
  return model
end

local entries = {}

local function check_logits(model, what, logits)
  local shape = logits.shape
  if #shape ~= 2 then
    core.fail(text("%s '%s' must be [N,classes]; end with x:flatten():linear{%d}", what,
                   tostring(logits), model.classes), logits)
  end
  if shape[2] ~= model.classes then
    core.fail(text("%s '%s' has %d features, but the model has %d classes; make the two equal", what,
                   tostring(logits), shape[2], model.classes), logits)
  end
end

-- What forward returns behind the logits: {logits of an auxiliary head, weight = of its loss}.
local function read_head(model, place, results)
  local given = results[place]
  if core.is_value(given) then given = {given} end
  given = type(given) == "table" and copied(given)
  if not given or not core.is_value(given[1]) then
    core.fail(text("forward: result %d must be an auxiliary head, {logits, weight = 0.3}, not %s",
                   place, shown(results[place])), model.forward)
  end
  for key in pairs(given) do
    if key ~= 1 and key ~= "weight" then
      core.fail(text("forward: result %d has an unknown '%s'; a head is {logits, weight = 0.3}",
                     place, tostring(key)), model.forward)
    end
  end
  local weight = given.weight == nil and 1 or given.weight
  convert(text("forward: result %d", place), {name = "weight", type = "REAL", above = 0}, weight)
  check_logits(model, "the auxiliary output", given[1])
  for i = 1, place - 1 do
    if results[i] == given[1] or type(results[i]) == "table" and rawget(results[i], 1) == given[1] then
      core.fail(text("forward: result %d is '%s' again", place, tostring(given[1])), given[1])
    end
  end
  return {given[1], weight = weight}
end

-- The name of runs: the model's, with options that differ from their defaults, resnet-depth=20. It
-- becomes the name of a folder.
local function run_name(model)
  local name = model.name
  for _, option in ipairs(options) do
    local is_name = option.name == "name" and option.value == model.name
    if option.value ~= option.default and not is_name then
      local value = string.gsub(tostring(option.value), "[^%w_.,+-]", "_")
      name = name .. "-" .. option.name .. "=" .. value
    end
  end
  return string.sub(name, 1, 200)
end

-- Runs forward, which builds the graph. Mistakes have the place of nn.model unless a call inside
-- has its own.
function entries.build(returned)
  local model = check_model(returned)
  local x = core.input(model.train.batch, table.unpack(model.input))
  building = true
  local results = table.pack(model.forward(x))
  building = false
  local logits = results[1]
  if not core.is_value(logits) then
    core.fail(text("forward must return the logits, a value of the network; this one returns %s",
                   shown(logits)), model.forward)
  end
  check_logits(model, "the output", logits)
  local heads = {}
  for i = 2, results.n do heads[i - 1] = read_head(model, i, results) end
  local kept = core.freeze_option and freeze.read_option(core.freeze_option) or model.train.freeze
  if kept then freeze.apply(kept, layers) end
  model = copied(model)
  model.run = run_name(model)
  core.finish(logits, model, heads)
end

function entries.describe(returned)
  local model = check_model(returned)
  local lines = {
    text("Model %s: images %dx%dx%d, %d classes; by default batch %d, %d epoch%s.", model.name,
         model.input[1], model.input[2], model.input[3], model.classes, model.train.batch,
         model.train.epochs, model.train.epochs == 1 and "" or "s"),
    #options > 0 and "Options of the model, set by -D NAME=VALUE:" or "The model has no options.",
  }
  for _, option in ipairs(options) do
    local allowed = allowed_text(option.allowed)
    lines[#lines + 1] = text("  %-20s %s (default %s%s)", option.name, option.help,
                             tostring(option.default), allowed and "; " .. allowed or "")
  end
  return table.concat(lines, "\n") .. "\n"
end

for name, f in pairs(nn) do nn[name] = core.located(f) end
setmetatable(nn, {
  __index = core.located(function(_, key)
    local names = sorted_keys(nn)
    fail("nn has no '%s'%s; it has %s", tostring(key), suggestion(tostring(key), names),
         list(names, "and"))
  end),
  __metatable = "nn",
})
core.vocabulary(methods, unknown_op, add)
return nn, entries
