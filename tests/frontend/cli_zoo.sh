# require: files beside the model come first, then the zoo.
. "$(dirname "$0")/check.sh"

cat >blocks.lua <<'END'
local nn = require "nn"
return {head = function(x) return x:flatten():linear {10, name = "head"} end}
END
cat >model.lua <<'END'
local nn = require "nn"
local blocks = require "blocks"
return nn.model {input = {1, 8, 8}, classes = 10, forward = function(x) return blocks.head(x) end}
END
expect 0 "head.weight[10,64]" "blocks.lua:2" -- "$cnnc" model.lua --dump=built
mkdir away
expect 0 "-- ../blocks.lua:2" -- sh -c "cd away && '$cnnc' ../model.lua --dump=built"

# A member of the zoo, from a folder where it is not.
printf 'return require "mlp"\n' >small.lua
expect 0 "zoo/mlp.lua" "fc1.weight[16,784]" -- "$cnnc" small.lua --dump=built -D hidden=16
expect 0 "hidden" -- "$cnnc" small.lua --help
# Mistakes in a module name its own line.
printf 'return {head = function(x) return x:linear {10} end}\n' >blocks.lua
expect 3 "blocks.lua:1: linear" -- "$cnnc" model.lua
exit 0
