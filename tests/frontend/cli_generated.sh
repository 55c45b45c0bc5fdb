# The C of the zoo: no warnings from any compiler for any target, the same bytes from two folders, and
# for LeNet-5 the size that is promised. The optimiser, which has warnings of its own, takes minutes for
# all models: it sees two, and the node tests show it the rest. Nor does every compiler read what is a
# model of another depth.
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
  name=$(basename "$model" .lua)
  case $name in
  lenet5 | resnet20) depth=-c readers=$all ;;
  resnet50) depth=-fsyntax-only readers=$all ;;
  resnet[1-9]* | vgg1*) depth=-fsyntax-only readers=$(echo "$all" | head -n 1) ;;
  *) depth=-fsyntax-only readers=$all ;;
  esac
  for target in scalar avx2 avx512; do
    expect 0 -- "$cnnc" "$model" --target $target -o "$name.c"
    expect 0 -- sh -c "cd elsewhere && '$cnnc' '$model' --target $target -o again.c"
    cmp "$name.c" elsewhere/again.c || fail "other bytes from another folder"
    ! grep -n "$source\|$folder" "$name.c" || fail "a path of this machine in $name.c"
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
exit 0
