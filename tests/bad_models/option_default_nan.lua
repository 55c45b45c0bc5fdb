-- expect 3: option_default_nan.lua:3: nn.option 'rate': the default must be a finite number, if it is whole below 2^31, not nan
local nn = require "nn"
nn.option("rate", 0 / 0)
return require "lenet5"
