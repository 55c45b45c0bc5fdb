-- expect 3: require_itself.lua:3: require 'require_itself': the module requires itself, directly or through another
local nn = require "nn"
local me = require "require_itself"
