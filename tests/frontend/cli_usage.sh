# Exit codes and messages of the command line.
. "$(dirname "$0")/check.sh"
lenet5=$source/models/lenet5.lua

expect 0 "cnnc " -- "$cnnc" --version
expect 0 "Usage: cnnc" "cnnc build" "--target" -- "$cnnc" --help
expect 2 "no pass 'none'" -- "$cnnc" "$lenet5" --dump=none
passes=$(sed -n 's/.*there is \(.*\), inference and.*/\1/p' errors | tr -d ,)
[ "$(echo "$passes" | wc -w)" -ge 8 ] || fail "passes: $passes"
for pass in $passes; do
  expect 0 "$pass" -- "$cnnc" --help
done
for command in build summary export; do
  expect 0 "Usage: cnnc $command" "--batch" -- "$cnnc" $command --help
done
expect 0 "hidden" "default 128" -- "$cnnc" "$source/models/mlp.lua" --help
expect 0 "no options" -- "$cnnc" "$lenet5" --help

expect 2 "which model" -- "$cnnc"
expect 2 "--frobnicate" -- "$cnnc" "$lenet5" --frobnicate
expect 2 "one model at a time" -- "$cnnc" "$lenet5" "$lenet5"
expect 2 "avx2, avx512 and native" -- "$cnnc" "$lenet5" --target sse
expect 2 "float or double" -- "$cnnc" "$lenet5" --real half
expect 2 "--target scalar" -- "$cnnc" "$lenet5" --real double --target avx2
expect 2 "whole number" -- "$cnnc" "$lenet5" --batch 0
expect 2 "whole number" -- "$cnnc" "$lenet5" --batch many
expect 2 "whole number from 1 to 2147483647" -- "$cnnc" "$lenet5" --batch 99999999999
expect 2 "no command 'buld'; commands are build, summary, export and bench" -- "$cnnc" buld "$lenet5"
expect 2 "NAME=VALUE" -- "$cnnc" "$lenet5" -D hidden
expect 2 "no pass 'fusion'" "simplify" -- "$cnnc" "$lenet5" --dump=fusion
expect 2 "no pass 'all'" -- "$cnnc" export "$lenet5" --after=all
expect 3 "numbers of activations" "2^31 - 1" -- "$cnnc" "$lenet5" --batch 300000 -o /dev/null
expect 3 "cannot read missing.lua: No such file or directory; name a model file" -- "$cnnc" missing.lua
expect 3 "cannot read buld: No such file or directory; name a model file" -- "$cnnc" buld
expect 3 "cannot read ." -- "$cnnc" .

expect 0 "-O3 -mavx2 -mfma -fopenmp -I" -- "$cnnc" --cflags --target avx2
expect 0 "-lcnn -lcjson -ljpeg" -- "$cnnc" --libs
"$cnnc" --cflags --target scalar | grep -q -e -m && fail "the scalar target needs no -m"

# Files that are no Lua text.
printf '\033Lua\124\000' >compiled.lua
expect 3 "compiled.lua:1: this is compiled Lua" -- "$cnnc" compiled.lua
printf '\357\273\277local nn = require "nn"\r\nx = = 1\r\n' >windows.lua
expect 3 "windows.lua:2: unexpected symbol near '='" -- "$cnnc" windows.lua
long=$(printf 'long%.0s' $(seq 30))
mkdir "$long"
printf '\n\nerror("here")\n' >"$long/model.lua"
expect 3 "$long/model.lua:3: here" -- "$cnnc" "$long/model.lua"
printf 'print("a word", 1)\nreturn nil' >printing.lua
expect 3 "a word" -- "$cnnc" printing.lua -o -
[ ! -s output ] || fail "print must not write to standard output, where the C goes"
exit 0
