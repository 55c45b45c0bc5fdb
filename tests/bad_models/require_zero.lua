-- expect 3: require_zero.lua:2: require expects the name of a module: letters, digits, - and _, not 'nn' and a zero byte
local nn = require "nn\0"
