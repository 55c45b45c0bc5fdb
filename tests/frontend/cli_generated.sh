# The C of the zoo: no warnings from any compiler for any target, the same bytes from two folders, kernels
# that compilers do not put together into one function, over which they would take minutes, and for LeNet-5
# the size that is promised. The optimiser, which has warnings of its own, takes minutes for all models: it
# sees two, and the node tests show it the rest. What is a model of another depth is read by one compiler,
# for one target.
. "$(dirname "$0")/check.sh"
case $COMPILERS in
*-f*)
  echo "skipped: warnings are those of a build without sanitizers"
  exit 77
  ;;
esac
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
    ! grep -n "$source\|$folder" "$name.c" || fail "a path of this machine in $name.c"
    step=$(sed -n '/^static void \(forward_backward\|update_parameters\|prepare\|infer\)(/,/^}/s/^ *\([a-z0-9_]*\)(\(t\|lanes\), .*/\1/p' "$name.c" | sort -u)
    [ "$(echo "$step" | wc -l)" -gt 5 ] || fail "no kernels in $name.c"
    for kernel in $step; do
      grep -q "^NOINLINE static void $kernel(team t" "$name.c" || fail "$kernel may be inlined"
    done
    for cc in $readers; do
      # shellcheck disable=SC2046 # words
      $cc $("$cnnc" --cflags --target $target) -Wall -Wextra -Werror $depth "$name.c" ||
        fail "$cc warns of $name for $target"
    done
    [ "$name" = lenet5 ] || continue
    [ "$(wc -c <lenet5.c)" -lt 150000 ] || fail "lenet5.c for $target has 150 kB"
    [ "$(wc -l <lenet5.c)" -lt 3000 ] || fail "lenet5.c for $target has 3000 lines"
  done
done

# Layers may have the names of what the C calls.
cat >names.lua <<'END'
local nn = require "nn"
local function forward(x)
  x = x:conv2d {32, 3, name = "pack"}:relu():conv2d {32, 3, name = "prepare"}:relu()
  x = x:conv2d {32, 3, name = "pack_channel"}:relu():conv2d {32, 3, name = "turn"}:relu()
  return x:flatten():linear {10, name = "gradient_of"}
end
return nn.model {input = {3, 16, 16}, classes = 10, forward = forward}
END
for batch in 2 32; do
  expect 0 -- "$cnnc" names.lua --batch $batch --target avx2
  for cc in $all; do
    # shellcheck disable=SC2046 # words
    $cc $("$cnnc" --cflags --target avx2) -Wall -Wextra -Werror -fsyntax-only names.c || fail "$cc and names of layers"
  done
done
exit 0
