# cnnc and the program that it makes say the same of every layer, and of all memory.
. "$(dirname "$0")/check.sh"
unset CC
cc=$(compilers | head -n 1)
[ -n "$cc" ] || { echo "skipped: neither clang nor gcc is installed"; exit 77; }

table() { sed -n '/^layer /,/^total /p' output; }

while read -r model options; do
  # shellcheck disable=SC2086 # options are words
  expect 0 -- "$cnnc" summary "$source/$model.lua" --target scalar $options
  table >wanted_table
  training=$(sed -n 's/^training *\([0-9,]*\) bytes.*/\1/p' output | tr -d ,)
  inference=$(sed -n 's/^inference *\([0-9,]*\) bytes.*/\1/p' output | tr -d ,)
  # shellcheck disable=SC2086 # options are words
  expect 0 -- "$cnnc" build "$source/$model.lua" -o ./net --target scalar --cc "$cc -O0" $options
  expect 0 "memory: training $training bytes, inference $inference bytes" -- ./net summary
  table >got_table
  [ "$(wc -l <got_table)" -gt 5 ] || fail "$model: the program has no table"
  diff wanted_table got_table >differences || fail "$model: cnnc prints (<), the program (>) $(cat differences)"
done <<'END'
models/lenet5 --batch 4
models/resnet20 --batch 4
tests/golden/every_op
tests/golden/norms
END
grep -q "conv2d+relu\|batch_norm+relu" got_table || fail "no relu is a part of another layer"

# Work items: every kernel with its balance, and totals; ResNet-18 has work for 64 threads.
expect 0 "layer1.0.conv1" "conv2d_backward_weights" "all, weighted by FLOPs" -- "$cnnc" summary "$source/models/resnet18.lua" --target avx512 --work
# shellcheck disable=SC2046 # words
set -- $(sed -n 's/^all, weighted by FLOPs *//p' output | head -n 1 | tr -d %)
[ "$3" -ge 90 ] && [ "$4" -ge 75 ] || fail "ResNet-18 balances to $3 % at 16 threads and $4 % at 64"
exit 0
