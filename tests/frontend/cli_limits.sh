# Shapes at the limits: cnnc compiles them in seconds, or rejects them at a line of theirs; commands agree.
. "$(dirname "$0")/check.sh"
net() { # net FILE INPUT LAYERS
  cat >"$1" <<END
local nn = require "nn"
return nn.model {input = {$2}, classes = 2, forward = function(x) return x$3 end}
END
}

# More images than an int counts rows of: every target.
net batch.lua "1, 1, 1" ":conv2d {1, 1}:flatten():linear {2}"
for target in scalar avx2 avx512; do
  expect 3 "batch.lua:" -- "$cnnc" batch.lua --batch 1000000000 --target $target -o /dev/null
  expect 0 -- "$cnnc" batch.lua --batch 20000000 --target $target -o /dev/null
done

# Long rows and kernels: time does not grow with pixels times taps.
net row.lua "1, 1, 16000000" ":conv2d {1, {1, 1024}}:max_pool2d {{1, 1024}}:flatten():linear {2}"
for target in scalar avx2 avx512; do
  expect 0 -- timeout 20 "$cnnc" row.lua --batch 1 --target $target -o /dev/null
done
net padded.lua "16, 1, 1000000" ":conv2d {16, {1, 1023}, padding = {0, 1000}, dilation = {1, 3}}:max_pool2d {{1, 1024}}:flatten():linear {2}"
for target in scalar avx2 avx512; do
  expect 0 -- timeout 20 "$cnnc" padded.lua --batch 1 --target $target -o /dev/null
done

# What cnnc rejects, its summary does not describe.
net large.lua "3, 2048, 2048" ":conv2d {64, 3, padding = 1}:relu():conv2d {64, 3, padding = 1}:adaptive_avg_pool2d {1}:flatten():linear {2}"
expect 3 "large.lua:2: the program would hold" -- "$cnnc" large.lua --batch 7 -o /dev/null
expect 3 "large.lua:2: the program would hold" -- "$cnnc" summary large.lua --batch 7

# The help of a model's options has a budget, as what it prints.
echo 'local nn = require "nn" nn.option("size", 1, string.rep("x", 2e6)) return nn.model {input = {1, 8, 8}, classes = 2, forward = function(x) return x:flatten():linear {2} end}' >help.lua
expect 3 "help.lua:1: the help of the model's options has more than 1024 KiB" -- "$cnnc" help.lua --help
exit 0
