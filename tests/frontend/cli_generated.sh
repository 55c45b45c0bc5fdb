# The C of the zoo: no warnings from any compiler for any target, the same bytes from two folders, kernels
# that compilers do not put together into one function, over which they would take minutes, and for LeNet-5
# the size that is promised. The optimiser, which has warnings of its own, takes minutes for all models: it
# sees two, and the node tests show it the rest. What is a model of another depth is read by one compiler,
# for one target.
. "$(dirname "$0")/check.sh"
all=$(compilers)
[ -n "$all" ] || { echo "skipped: neither clang nor gcc is installed"; exit 77; }
mkdir elsewhere
for model in "$source"/models/*.lua; do
  name=$(basename "$model" .lua) targets="scalar avx2 avx512"
  case $name in
  lenet5) depth=-c readers=$all ;;
  resnet20) depth="-O1 -c" readers=$all ;;
  resnet50) depth=-fsyntax-only readers=$all ;;
  resnet[1-9]* | vgg1*) depth=-fsyntax-only readers=$(echo "$all" | head -n 1) targets=avx2 ;;
  *) depth=-fsyntax-only readers=$all ;;
  esac
  for target in $targets; do
    expect 0 -- "$cnnc" "$model" --target $target -o "$name.c"
    expect 0 -- sh -c "cd elsewhere && '$cnnc' '$model' --target $target -o again.c"
    cmp "$name.c" elsewhere/again.c || fail "other bytes from another folder"
    long=$(awk 'length > 100 && !/^#error/' "$name.c" | head -n 1)
    [ -z "$long" ] || fail "a line of $name.c for $target has more than 100 columns: $long"
    long=$(grep -o '\<[a-z0-9_]\{48,\}(' "$name.c" | head -n 1)
    [ -z "$long" ] || fail "a function of $name.c for $target has a name of more than 47 characters: $long"
    twice=$(sed -n 's/^NOINLINE static void \([a-z0-9_]*\)(.*/\1/p' "$name.c" |
      awk '{ named[$1] } END { for (n in named) { s = n; if (sub(/_[2-9]$/, "", s) && s in named) print n } }')
    [ -z "$twice" ] || fail "the names of these kernels of $name.c for $target do not say what differs: $twice"
    ! grep -n "$source\|$folder" "$name.c" || fail "a path of this machine in $name.c"
    step=$(sed -n '/^static void \(forward_backward\|update_parameters\|prepack\|infer\)(/,/^}/s/^ *\([a-z0-9_]*\)(\(t\|lanes\), .*/\1/p' "$name.c" | sort -u)
    [ "$(echo "$step" | wc -l)" -gt 5 ] || fail "no kernels in $name.c"
    for kernel in $step; do
      grep -q "^NOINLINE static void $kernel(team t" "$name.c" || fail "$kernel may be inlined"
    done
    for cc in $readers; do
      # shellcheck disable=SC2046 # words
      $cc $("$cnnc" --cflags --target $target) -Wall -Wextra -Wunused -Werror $depth "$name.c" ||
        fail "$cc warns of $name for $target"
    done
    [ "$name" = lenet5 ] || continue
    [ "$(wc -c <lenet5.c)" -lt 100000 ] || fail "lenet5.c for $target has 100 kB"
    [ "$(wc -l <lenet5.c)" -lt 2300 ] || fail "lenet5.c for $target has 2300 lines"
  done
done

# Layers may have the names of what the C calls.
cat >names.lua <<'END'
local nn = require "nn"
local function forward(x)
  x = x:conv2d {32, 3, name = "pack"}:relu():conv2d {32, 3, name = "prepack"}:relu()
  x = x:conv2d {32, 3, name = "pack_channel"}:relu():conv2d {32, 3, name = "turn"}:relu()
  return x:flatten():linear {10, name = "gradient_of"}
end
return nn.model {input = {3, 16, 16}, classes = 10, forward = forward}
END
# A model may have nothing to train; then there are names in the C that nothing reads.
cat >nothing.lua <<'END'
local nn = require "nn"
local function forward(x) return x:adaptive_avg_pool2d {1}:flatten() end
return nn.model {input = {3, 16, 16}, classes = 3, forward = forward}
END
for model in names nothing; do
  unused=$([ $model = names ] || echo -Wno-unused -Wno-unused-parameter)
  for batch in 2 32; do
    expect 0 -- "$cnnc" $model.lua --batch $batch --target avx2
    for cc in $all; do
      # shellcheck disable=SC2046 # words
      $cc $("$cnnc" --cflags --target avx2) -Wall -Wextra -Werror $unused -fsyntax-only $model.c || fail "$cc warns of $model.lua"
    done
  done
done

# Batches of any size: what a thread has on its stack does not grow with them.
for net in "mlp -D hidden=64" lenet5 resnet20; do
  for batch in 1 520 4000; do
    for target in avx2 avx512; do
      # shellcheck disable=SC2086 # words
      expect 0 -- "$cnnc" "$source/models/${net%% *}.lua" ${net#"${net%% *}"} --batch $batch --target $target -o batch.c
      most=$(sed -n 's/^ *\(vec\|real\) [a-z_]*\[\([0-9][0-9]*\)\];.*/\2/p' batch.c | sort -n | tail -n 1)
      [ "${most:-0}" -le 16384 ] || fail "an array of $most vectors on the stack: $net, batch $batch, $target"
    done
  done
done
exit 0
