-- expect 3: syntax.lua:3: '}' expected near 'classes'
local nn = require "nn"
local blocks = require "syntax"
