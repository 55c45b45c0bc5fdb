-- expect 3: syntax_unclosed.lua:5: 'end' expected (to close 'if' at line 3) near <eof>
local nn = require "nn"
if true then
return nn.model {}
