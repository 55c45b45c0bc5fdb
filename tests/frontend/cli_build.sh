# cnnc build, with each compiler that is here; what it prints when one fails.
. "$(dirname "$0")/check.sh"
lenet5=$source/models/lenet5.lua
unset CC

[ -n "$(compilers)" ] || { echo "skipped: neither clang nor gcc is installed"; exit 77; }
compilers | while read -r cc; do
  program=program_${cc%% *}
  program=$(basename "$program")
  expect 0 -- "$cnnc" build "$lenet5" -o "$program" --cc "$cc" --target scalar
  [ -x "$program" ] || fail "$program was not made"
  [ -s "$program.c" ] || fail "$program.c was not kept"
  # by hand, as a user would: the C has no warnings
  # shellcheck disable=SC2046,SC2086 # flags are words
  expect 0 -- $cc -Wall -Wextra -Werror "$program.c" $("$cnnc" --cflags --target scalar) \
    $("$cnnc" --libs) -o by_hand
done || exit 1

# Layers may have the names of macros and of what surrounds the calls.
cat >names.lua <<'END'
local nn = require "nn"
return nn.model {
  input = {1, 4, 4}, classes = 2,
  forward = function(x)
    for _, name in ipairs {"linux", "NULL", "M_PI", "join_team", "state", "double", "image", "barrier", "NORM", "norm_input"} do
      x = x:tanh {name = name}
    end
    x = x:conv2d {2, 3, padding = 1, name = "conv"}:batch_norm {name = "row_of"}
      :batch_norm {momentum = 0.1000000001}:local_response_norm {3, alpha = 1e6}
      :local_response_norm {3, alpha = 1e-6}
    return x:flatten():linear {2, name = "fc"}
  end,
}
END
expect 0 -- timeout 10 "$cnnc" names.lua --target scalar
compilers | while read -r cc; do
  expect 0 -- $cc -fsyntax-only names.c $("$cnnc" --cflags --target scalar)
done || exit 1

# A program is no source.
expect 2 "choose a name without .c" -- "$cnnc" build "$lenet5" -o program.c

# A program in the place of the model would be the end of the model.
cp "$lenet5" mynet
expect 2 "that is the model itself" -- "$cnnc" build mynet
expect 2 "that is the model itself" -- "$cnnc" build mynet -o ./mynet
cmp mynet "$lenet5" || fail "the model is gone"

# Neither does one in the place of a folder or a device; nothing is written beside those either.
mkdir taken
mkfifo pipe
expect 2 "-o taken: that is a folder" -- "$cnnc" build "$lenet5" -o taken
expect 2 "-o pipe: that is no regular file" -- "$cnnc" build "$lenet5" -o pipe
[ ! -e taken.c ] && [ ! -e pipe.c ] || fail "C beside what is no program"

# Nor in that of a file, or beside C, of somebody else; the same for C under a name nobody typed.
echo mine >mine
echo "/* mine */" >own.c
cp "$cnnc" compiler
for name in mine compiler; do
  expect 2 "-o $name: that file is no program that cnnc made; move it away, or choose another name" -- \
    "$cnnc" build "$lenet5" -o $name
done
expect 2 "-o own: build writes its C to own.c, which cnnc did not make; move it away, or choose" -- \
  "$cnnc" build "$lenet5" -o own
cp own.c lenet5.c
expect 2 "lenet5.c: that file is there, and cnnc did not make it; move it away, or name the output" -- \
  "$cnnc" "$lenet5"
[ "$(cat mine own.c lenet5.c)" = "$(printf 'mine\n/* mine */\n/* mine */')" ] || fail "files of others are gone"
rm lenet5.c
: >empty
expect 0 -- "$cnnc" build "$lenet5" -o empty --cc "$(compilers | head -n 1)" --target scalar
expect 0 -- "$cnnc" build "$lenet5" -o empty --cc "$(compilers | head -n 1)" --target scalar
expect 0 -- "$cnnc" "$lenet5"
expect 0 -- "$cnnc" "$lenet5"

# Options that differ from their defaults are in the name of runs.
expect 0 -- "$cnnc" "$source/models/resnet.lua" -D depth=34 -D size=32 -o r.c
grep -q '\.run = "[a-z0-9]*-depth=34-size=32"' r.c || fail "$(grep '\.run = ' r.c)"
expect 0 -- "$cnnc" "$source/models/resnet.lua" -o r.c
grep -q '\.run = "[a-z0-9]*",' r.c || fail "$(grep '\.run = ' r.c)"

# Nor in that of standard output. A name may begin with -, which compilers take for an option.
expect 2 "-o -: that is standard output" -- "$cnnc" build "$lenet5" -o -
"$cnnc" build "$lenet5" -o /dev/stdout >stream 2>errors && fail "a program in place of standard output"
grep -q "/dev/stdout: that is standard output" errors || fail "$(cat errors)"
expect 0 -- "$cnnc" build "$lenet5" -o -name --cc "$(compilers | head -n 1)" --target scalar
[ -x ./-name ] && [ -s ./-name.c ] || fail "-name was not made"

# A symbolic link stays.
ln -s taken/program link
expect 0 -- "$cnnc" build "$lenet5" -o link --cc "$(compilers | head -n 1)" --target scalar
[ -L link ] && [ -x taken/program ] || fail "the link was replaced"

expect 1 "'no-such-compiler' is not installed" -- "$cnnc" build "$lenet5" -o p --cc no-such-compiler
CC=no-such-compiler expect 1 "'no-such-compiler' is not installed" -- "$cnnc" build "$lenet5" -o p

# A compiler that fails: its messages, the exit code, and no program.
printf '#!/bin/sh\necho "broken.c:1: no luck" >&2\nexit 3\n' >broken
chmod +x broken
expect 1 "no luck" "./broken failed on p.c with exit code 3" "OpenMP does not work with ./broken" -- \
  "$cnnc" build "$lenet5" -o p --cc ./broken
[ ! -e p ] || fail "a program in spite of the failure"

# A compiler without OpenMP: a message, and built for one thread.
cat >plain <<'END'
#!/bin/sh
while [ $# -gt 0 ]; do
  [ "$1" = -fopenmp ] && exit 1
  [ "$1" = -o ] && output=$2
  shift
done
printf '#!/bin/sh\n' >"$output"
chmod +x "$output"
END
chmod +x plain
expect 0 "OpenMP does not work with ./plain" "one thread" -- "$cnnc" build "$lenet5" -o q --cc ./plain
[ -x q ] || fail "no program without OpenMP"
# Ctrl-C reaches the compiler as well; what is unfinished goes away. Once while cnnc asks for OpenMP,
# once while the program is compiled. (timeout sends SIGCONT behind the signal, which takes away the
# SIGSTOP that a leak checker waits for at exit, and that one would wait for ever.)
for patience in "" '[ "$1" = -fopenmp ] && exit 0'; do
  printf '#!/bin/sh\n%s\nsleep 20\n' "$patience" >slow
  chmod +x slow
  ASAN_OPTIONS=detect_leaks=0 expect 130 "interrupted" -- timeout --preserve-status -s INT 1 "$cnnc" build "$lenet5" -o s --cc ./slow
  [ ! -e s ] || fail "a program in spite of the interrupt"
done
ls -A | grep -E '\.openmp\.c|^[pqs]\.......$' && fail "a temporary file is left"

expect 3 "bad.lua" -- "$cnnc" build bad.lua -o r
exit 0
