# bad_models.sh CNNC FOLDER: every model of the folder has one mistake. Its first line has the answer
# that cnnc must give, the whole of standard error:
#   -- [with ARGUMENTS;] expect EXIT_CODE: MESSAGE
# Nothing may be written, nor printed on standard output. Prints each difference, and how many there are.
set -u
cnnc=$(realpath "$1")
cd "$2" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

checked=0 failed=0
for model in *.lua; do
  checked=$((checked + 1))
  first=$(head -n 1 "$model")
  expected=$(printf '%s\n' "$first" | sed -nE 's/^-- (with [^;]*; )?expect ([0-9]+: .*)$/\2/p')
  arguments=$(printf '%s\n' "$first" | sed -nE 's/^-- with ([^;]*); expect .*$/\1/p')
  eval "set -- $arguments"
  "$cnnc" "$model" -o "$work/out.c" "$@" >"$work/stdout" 2>"$work/stderr"
  got="$?: $(cat "$work/stderr")"
  [ -s "$work/stdout" ] && got="$got; and standard output: $(head -n 1 "$work/stdout")"
  [ -e "$work/out.c" ] && got="$got; and it wrote its output" && rm "$work/out.c"
  [ "$got" = "$expected" ] && [ "$expected" ] && continue
  failed=$((failed + 1))
  printf '%s\n  expected %s\n  got      %s\n' "$model" "$expected" "$got"
done
echo "$checked bad models: $failed failed"
[ $failed -eq 0 ] && [ $checked -ge 200 ]
