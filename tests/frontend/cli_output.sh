# Where output goes: by default the current folder; whole or not at all; the same bytes every time.
. "$(dirname "$0")/check.sh"
lenet5=$source/models/lenet5.lua

expect 0 -- "$cnnc" "$lenet5" --target avx2
[ -s lenet5.c ] || fail "lenet5.c is not in the current folder"
[ "$(stat -c %a lenet5.c)" = "$(printf '%o' $((0666 & ~0$(umask))))" ] || fail "permissions"

# The same bytes: another run, another folder, standard output, another name of the same file.
mkdir other
(cd other && "$cnnc" "$lenet5" --target avx2 -o out.c) || fail "other folder"
cmp lenet5.c other/out.c || fail "two runs differ"
"$cnnc" "$lenet5" --target avx2 -o - >stdout.c || fail "standard output"
cmp lenet5.c stdout.c || fail "standard output differs"
grep -nE "$folder|$source" lenet5.c && fail "the output names a folder of this machine"

# Winograd convolution, and how to do without.
expect 0 -- "$cnnc" "$source/models/resnet20.lua" --target avx2 -o winograd.c
grep -q "conv_winograd" winograd.c || fail "resnet20 has no Winograd convolution"
expect 0 -- "$cnnc" "$source/models/resnet20.lua" --target avx2 --no-winograd -o direct.c
grep -v -e --no-winograd direct.c | grep -qi winograd && fail "--no-winograd: a Winograd convolution"
grep -q "Made by: cnnc resnet20.lua --target avx2 --no-winograd$" direct.c ||
  fail "--no-winograd is not in the command"
expect 0 "cnnc: --direct is now --no-winograd" -- \
  "$cnnc" "$source/models/resnet20.lua" --target avx2 --direct -o old.c
cmp direct.c old.c || fail "--direct is not --no-winograd"

# The table of layers: what changes a shape, though it be to that of the row above.
grep -q '^   layer2.0.pad_channels1 *32x16x16 ' direct.c || fail "pad_channels is not in the table"
grep -q '^   relu' direct.c && fail "relu is in the table"

# A model with a mistake leaves the file that is there, and nothing else.
printf 'return nil\n' >bad.lua
cp lenet5.c before.c
expect 3 -- "$cnnc" bad.lua -o lenet5.c
cmp lenet5.c before.c || fail "a failed run changed the output"

# Folders and disks that cannot be written.
expect 1 "cannot write missing/out.c: No such file" -- "$cnnc" "$lenet5" -o missing/out.c
expect 1 "cannot write /dev/full: No space left" -- "$cnnc" "$lenet5" -o /dev/full
expect 1 "cannot write other" -- "$cnnc" "$lenet5" -o other
for arguments in "summary $lenet5" "$lenet5 --help" --cflags --help "bench --help"; do
  # shellcheck disable=SC2086 # words
  expect 1 "cannot write standard output" -- sh -c '"$@" >/dev/full' sh "$cnnc" $arguments
done
ls -A | grep -E '\.c\.' && fail "a temporary file is left"

# What is no regular file is written in place.
expect 0 -- "$cnnc" "$lenet5" -o /dev/null
[ -c /dev/null ] || fail "/dev/null was replaced"
# What standard output is appended to keeps what it had.
echo kept >all.c
"$cnnc" "$lenet5" --target avx2 -o /dev/stdout >>all.c || fail "/dev/stdout"
tail -n +2 all.c | cmp - lenet5.c || fail "what /dev/stdout is appended to"

# A file that the model is made of is no place for its C.
printf 'return require "nn"\n' >blocks.lua
printf 'local nn = require "blocks"\nreturn nn.model {input = {1, 4, 4}, classes = 2, forward = function(x) return x:flatten():linear {2} end}\n' >whole.lua
expect 2 "the file which the model requires as \"blocks\"" -- "$cnnc" whole.lua -o blocks.lua
grep -q nn blocks.lua || fail "blocks.lua is gone"
expect 0 -- "$cnnc" whole.lua -o whole.c

# A symbolic link stays, and the file that it leads to is written, whether it is there or not.
mkdir far
ln -s ../far/first.c other/link.c
ln -s other/link.c link.c
for time in new old; do
  expect 0 -- "$cnnc" "$lenet5" --target avx2 -o link.c
  [ -L link.c ] && [ -L other/link.c ] || fail "a $time link was replaced"
  cmp lenet5.c far/first.c || fail "not written to where the $time link leads"
  echo >far/first.c
done
expect 1 "cannot write" -- "$cnnc" "$lenet5" -o link.c/

expect 0 '"cnnc-graph"' -- "$cnnc" export "$lenet5"
expect 0 -- "$cnnc" export "$lenet5" -o graph.json --after=layout
grep -q '"stage":.*"layout"' graph.json || fail "graph.json"
expect 0 -- "$cnnc" "$lenet5" --dump=fuse -o dump.txt
grep -q "^backward:" dump.txt || fail "dump.txt"
exit 0
