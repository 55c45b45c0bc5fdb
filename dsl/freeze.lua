-- Which layers a training leaves as they are: a list of names in a recipe or on the command line.
local core, check = ...
local text = string.format
local fail, fail_at, shown, list = check.fail, check.fail_at, check.shown, check.list

local ALL_BUT = "all-but:"

-- The names in "a,b"; place: where the list stands.
local function names_of(what, given, place)
  local names = {}
  for name in string.gmatch(given .. ",", "([^,]*),") do
    if name == "" then fail_at(place, "%s: %s has an empty name", what, shown(given)) end
    names[#names + 1] = name
  end
  return names
end

local function read_entry(what, spec, entry, place)
  if type(entry) ~= "string" then
    fail_at(place, "%s: write names of layers or scopes, {\"conv1\", \"layer1\"}, or {\"all-but:fc\"}, not %s",
            what, shown(entry))
  end
  local but = string.sub(entry, 1, #ALL_BUT) == ALL_BUT
  if but then spec.all_but = true end
  for _, name in ipairs(names_of(what, but and string.sub(entry, #ALL_BUT + 1) or entry, place)) do
    spec.names[#spec.names + 1] = name
  end
  return but
end

-- Whether `statistics` of a batch norm, of nn.frozen or of a recipe's freeze keeps the running ones.
local function statistics_are_frozen(what, statistics)
  if statistics == "frozen" then return true end
  if statistics == "batch" or statistics == nil then return false end
  fail("%s: statistics must be \"batch\" or \"frozen\", not %s", what, shown(statistics))
end

-- What `freeze = {...}` of a recipe means: {names =, all_but =, statistics =, what =, place =}.
local function read(what, given, place)
  local spec = {names = {}, what = what, place = place}
  for key in next, given do
    if math.type(key) ~= "integer" and key ~= "statistics" then
      fail("%s: it accepts names of layers and statistics, and no [%s]", what, tostring(key))
    end
  end
  spec.statistics = statistics_are_frozen(what, given.statistics)
  given.statistics = nil
  local count, buts = check.length_of(what, "freeze", given), 0
  for i = 1, count do
    if read_entry(what, spec, given[i], nil) then buts = buts + 1 end
  end
  if count == 0 then fail("%s: there is no name; leave freeze out to train all layers", what) end
  if buts > 0 and count > 1 then
    fail("%s: \"all-but:...\" stands alone: its names have commas between, \"all-but:fc,aux\"", what)
  end
  return spec
end

-- The same of --freeze LAYERS.
local function read_option(given)
  local spec = {names = {}, what = "--freeze " .. given, place = "usage", statistics = false}
  read_entry(spec.what, spec, given, "usage")
  return spec
end

local function is_in(layer, name)
  return layer == name or string.sub(layer, 1, #name + 1) == name .. "."
end

-- The layers and the scopes around them, each once, for suggestions.
local function all_names(layers)
  local names, seen = {}, {}
  for _, layer in ipairs(layers) do
    for last in string.gmatch(layer .. ".", "()%.") do
      local name = string.sub(layer, 1, last - 1)
      if not seen[name] then names[#names + 1] = name end
      seen[name] = true
    end
  end
  return names
end

-- Freezes those of `layers`, all that have parameters, that the spec names.
local function apply(spec, layers)
  for _, name in ipairs(spec.names) do
    local found = false
    for _, layer in ipairs(layers) do found = found or is_in(layer, name) end
    if not found then
      local names = all_names(layers)
      local shown_names = #names <= 12 and names or {table.unpack(names, 1, 12)}
      fail_at(spec.place, "%s: no layer with parameters and no scope has the name '%s'%s; there are %s%s",
              spec.what, name, check.suggestion(name, names), list(shown_names, "and"),
              #names > 12 and text(" and %d more", #names - 12) or "")
    end
  end
  for _, layer in ipairs(layers) do
    local named = false
    for _, name in ipairs(spec.names) do named = named or is_in(layer, name) end
    if named ~= (spec.all_but or false) then core.freeze(layer, spec.statistics) end
  end
end

return {statistics_are_frozen = statistics_are_frozen, read = read, read_option = read_option, apply = apply}
