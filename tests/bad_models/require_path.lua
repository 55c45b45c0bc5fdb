-- expect 3: require_path.lua:3: require expects the name of a module: letters, digits, - and _, not '../syntax'
local nn = require "nn"
local blocks = require "../syntax"
