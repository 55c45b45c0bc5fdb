-- expect 3: syntax.lua:3: '}' expected near 'classes'
local nn = require "nn"
return nn.model {input = {1, 28, 28} classes = 10}
