# --target reference: textbook C of a readable length, without warnings of any compiler, that trains, resumes
# to the same bytes, and rejects what plain loops do not have. Values are compared in tests of nodes, random
# networks and fixtures.
. "$(dirname "$0")/check.sh"

for model in "$source"/models/lenet5.lua "$source"/models/resnet18.lua "$source"/models/googlenet_cifar.lua \
  "$source"/models/alexnet.lua; do
  name=$(basename "$model" .lua)
  expect 0 -- "$cnnc" "$model" --target reference -o "$name.c"
  ! grep -nwE 'omp|vload|team|LANES|NOINLINE' "$name.c" || fail "$name.c is not plain C"
  long=$(awk 'length > 100' "$name.c" | head -n 1)
  [ -z "$long" ] || fail "a line of $name.c has more than 100 columns: $long"
  (compilers) >compilers.txt
  while read -r cc; do # with its flags
    # shellcheck disable=SC2046,SC2086 # words
    $cc $("$cnnc" --cflags --target reference) -Wall -Wextra -Wpedantic -Wconversion -Werror -fsyntax-only \
      "$name.c" || fail "$cc warns of $name"
  done <compilers.txt
done
[ "$(wc -l <lenet5.c)" -lt 900 ] || fail "lenet5.c has 900 lines"
[ "$(wc -l <resnet18.c)" -lt 2000 ] || fail "resnet18.c has 2000 lines"

# The gradients of a layer stand behind it.
order=$(grep -o '^static void conv5x5[a-z_]*6to16' lenet5.c)
[ "$order" = "static void conv5x5_6to16
static void conv5x5_dw_6to16
static void conv5x5_dx_6to16" ] || fail "not the order of a textbook: $order"

expect 2 "--schedule: the plain loops of --target reference have no schedule" -- \
  "$cnnc" "$source/models/lenet5.lua" --target reference --schedule wanted -o x.c
expect 2 "--work: the plain loops of --target reference run on one thread" -- \
  "$cnnc" summary "$source/models/lenet5.lua" --target reference --work

expect 0 -- "$cnnc" build "$source/models/lenet5.lua" --target reference --cc "$(compilers | head -n 1)" -o lenet5
. "$source/tests/trainer/data.sh"
write_data data 200
expect 0 -- ./lenet5 train data --epochs 2 --out whole
expect 0 "running on 1 thread instead of 2: --target reference has no threads" -- \
  ./lenet5 train data --epochs 2 --out parts --steps 9 --threads 2
expect 0 -- ./lenet5 train data --resume --out parts
cmp whole/last.safetensors parts/last.safetensors || fail "a resumed training has other weights"
