-- Arguments: what a model gives to the functions of nn, checked; and the words for its mistakes.
local core = ...
local text = string.format

local function fail(...) core.fail(text(...)) end

-- The same at a place of core.fail; nil for the call that runs.
local function fail_at(place, ...) core.fail(text(...), place) end

-- Words for messages --------------------------------------------------------------------------

-- How many letters must change to make b from a.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local corner = row[0]
    row[0] = i
    for j = 1, #b do
      local change = corner + (string.byte(a, i) == string.byte(b, j) and 0 or 1)
      corner = row[j]
      row[j] = math.min(change, row[j] + 1, row[j - 1] + 1)
    end
  end
  return row[#b]
end

-- " (did you mean 'stride'?)", or nothing if no name is near.
local function suggestion(name, names)
  local best, least
  for _, candidate in ipairs(names) do
    local d = distance(string.lower(name), candidate)
    if d <= 1 + #candidate // 3 and (not least or d < least) then best, least = candidate, d end
  end
  return best and text(" (did you mean '%s'?)", best) or ""
end

local function list(names, last)
  if #names < 2 then return names[1] or "nothing" end
  return table.concat(names, ", ", 1, #names - 1) .. " " .. last .. " " .. names[#names]
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

-- What the constructors of nn make, by what the model holds of it: {sort =, value =}.
local made = setmetatable({}, {__mode = "k"})

local function shown(v)
  if core.is_value(v) then return "the value " .. tostring(v) end
  if type(v) == "string" then return text("%q", v) end
  if v ~= v then return "nan" end -- C libraries print its sign, or not
  if type(v) == "number" or type(v) == "boolean" then return tostring(v) end
  if type(v) == "table" and next(v) == nil and not made[v] then return "an empty table" end
  return v == nil and "nothing" or "a " .. type(v)
end

-- Types of arguments: the words for a message, and what makes of a good value the one to keep (nil
-- for a bad one).
local INT_MAX = 0x7fffffff

local function is_int(v)
  return math.type(v) and math.tointeger(v) and v >= -INT_MAX and v <= INT_MAX
end

local function is_finite(v) return math.type(v) and v == v and math.abs(v) < math.huge end

-- The value stays private: nobody changes it after it was checked. `call` names what made it, and
-- `remedy` what to do instead.
local function make(sort, call, value, remedy)
  local function fail_to_touch()
    fail("what %s makes cannot be looked into or changed; %s", call,
         remedy or "give it other arguments")
  end
  local held = setmetatable({}, {__index = core.located(fail_to_touch),
                                 __newindex = core.located(fail_to_touch), __metatable = call})
  made[held] = {sort = sort, value = value}
  return held
end

local function made_as(sort, v)
  return made[v] and made[v].sort == sort and made[v].value or nil
end

local function sort_of(sort)
  return function(v) return made_as(sort, v) end
end

-- A table of the model as it is now, without what a metatable would make of it.
local function copied(t)
  local copy = {}
  for key, v in next, t do copy[key] = v end
  return copy
end

-- The same with the tables in it, all of which have been checked.
local function copied_whole(t)
  local copy = copied(t)
  for key, v in next, copy do
    if type(v) == "table" and not made[v] then copy[key] = copied_whole(v) end
  end
  return copy
end

-- How many entries a list has; a hole, or another key, is a mistake.
local function length_of(what, name, t)
  local last = 0
  for key in next, t do
    if math.type(key) ~= "integer" or key < 1 then
      fail("%s: %s is a list, {a, b, ...}, and has no [%s]", what, name, tostring(key))
    end
    last = math.max(last, key)
  end
  for i = 1, last do
    if t[i] == nil then fail("%s: %s[%d] is nothing", what, name, i) end
  end
  return last
end

local TYPES = {
  INT = {"a whole number below 2^31", function(v)
    return is_int(v) and math.tointeger(v) or nil
  end},
  REAL = {"a finite number", function(v)
    return is_finite(v) and v or nil
  end},
  BOOL = {"true or false", function(v) if type(v) == "boolean" then return v end end},
  STRING = {"a text", function(v) return type(v) == "string" and v or nil end},
  FUNCTION = {"a function", function(v) return type(v) == "function" and v or nil end},
  TABLE = {"a table", function(v) return type(v) == "table" and not made[v] and copied(v) or nil end},
  PAIR = {"a whole number or a pair {height, width}", function(v)
    if is_int(v) then return {math.tointeger(v), math.tointeger(v)} end
    local pair = type(v) == "table" and copied(v) or {}
    if #pair == 2 and is_int(pair[1]) and is_int(pair[2]) then
      return {math.tointeger(pair[1]), math.tointeger(pair[2])}
    end
  end},
  INIT = {"an initialiser such as nn.he_normal{}", sort_of "initialiser"},
  OPTIMIZER = {"an optimiser such as nn.sgd{...} or nn.adam{...}", sort_of "optimizer"},
  SCHEDULE = {"a schedule such as nn.step_lr{...} or nn.cosine_lr{...}", sort_of "schedule"},
  LOSS = {"nn.softmax_cross_entropy{...} or nn.squared_error()", sort_of "loss"},
  FAN = {'"in" or "out"', function(v) return (v == "in" or v == "out") and v or nil end},
  DECAY = {'"all" or "weights"', function(v) return (v == "all" or v == "weights") and v or nil end},
  NORMALIZE = {'"dataset" or {mean = {...}, deviation = {...}}', function(v)
    return v == "dataset" and v or type(v) == "table" and copied(v) or nil
  end},
}

TYPES.BATCH, TYPES.MILESTONES, TYPES.BOUNDS = TYPES.INT, TYPES.TABLE, TYPES.TABLE

-- A range is a part of {low =, above =, high =, below =}.
local BOUNDS = {
  {key = "low", words = "at least", holds = function(v, bound) return v >= bound end},
  {key = "above", words = "more than", holds = function(v, bound) return v > bound end},
  {key = "high", words = "at most", holds = function(v, bound) return v <= bound end},
  {key = "below", words = "less than", holds = function(v, bound) return v < bound end},
}

local function is_bound(key)
  for _, bound in ipairs(BOUNDS) do
    if bound.key == key then return true end
  end
  return false
end

local function check_range(what, name, range, v, place)
  for _, bound in ipairs(BOUNDS) do
    local limit = range[bound.key]
    if limit and not bound.holds(v, limit) then
      fail_at(place, "%s: %s is %s, but must be %s %s", what, name, v, bound.words, limit)
    end
  end
end

-- "at least 0 and less than 1".
local function range_text(range)
  local words = {}
  for _, bound in ipairs(BOUNDS) do
    local limit = range[bound.key]
    if limit then words[#words + 1] = text("%s %s", bound.words, limit) end
  end
  return list(words, "and")
end

local function convert(what, field, v)
  local words, keep = table.unpack(TYPES[field.type])
  local kept = keep(v)
  if kept == nil then fail("%s: %s must be %s, not %s", what, field.name, words, shown(v)) end
  check_range(what, field.name, field, kept)
  return kept
end

-- Arguments as a model gives them, f{6, 5, padding = 2}, as a table by name. Fields: {name=, type=,
-- required=, default=, low=, above=, high=, below=, named_only=}; positional ones come in order. With
-- `at`, mistakes are reported at their own lines: "" is the table of the call, "x" its field x.
local function arguments(what, fields, given, at)
  if given == nil then given = {} end
  local names, positions, by_name = {}, {}, {}
  for _, field in ipairs(fields) do
    names[#names + 1] = field.name
    by_name[field.name] = field
    if not field.named_only then positions[#positions + 1] = field.name end
  end
  local accepted = "it accepts " .. list(names, "and")
  if type(given) ~= "table" or core.is_value(given) or made[given] then
    fail("%s: write its arguments in braces, {...}, not %s; %s", what, shown(given), accepted)
  end
  given = copied(given)
  local result, last = {}, 0
  for key in next, given do
    if math.type(key) == "integer" and key >= 1 then
      last = math.max(last, key)
    elseif type(key) ~= "string" then
      fail("%s: [%s] is no argument; %s", what, tostring(key), accepted)
    end
  end
  for place = 1, last do
    local name, v = positions[place], given[place]
    if v == nil then fail("%s: argument %d is nothing, but [%d] is there; %s", what, place, last, accepted) end
    if not name then fail("%s: argument %d is too many; %s", what, place, accepted) end
    if given[name] ~= nil then fail("%s: %s is given twice", what, name) end
    result[name] = convert(what, by_name[name], v)
  end
  for _, key in ipairs(sorted_keys(given)) do
    if at then core.look_at(at, key) end
    local field = by_name[key]
    if not field then
      fail("%s: unknown argument '%s'%s; %s", what, key, suggestion(key, names), accepted)
    end
    result[key] = convert(what, field, given[key])
  end
  if at then core.look_at() end
  for _, field in ipairs(fields) do
    if result[field.name] == nil then
      if field.required then fail("%s: %s is missing; %s", what, field.name, accepted) end
      local default = field.default
      if default ~= nil then result[field.name] = convert(what, field, default) end
    end
  end
  return result
end

return {
  INT_MAX = INT_MAX, arguments = arguments, check_range = check_range, convert = convert,
  copied = copied, copied_whole = copied_whole, fail = fail, fail_at = fail_at, is_bound = is_bound,
  is_finite = is_finite, is_int = is_int, length_of = length_of, list = list, made_as = made_as, make = make,
  range_text = range_text, shown = shown, sorted_keys = sorted_keys, suggestion = suggestion,
}
