-- expect 3: require_missing.lua:3: require 'no_such_blocks': there is no such file beside the model or in the zoo; a model may require "nn", files beside it and the zoo
local nn = require "nn"
local blocks = require "no_such_blocks"
