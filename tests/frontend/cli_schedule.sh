# Schedule files: cnnc accepts what it prints; fields that a line does not override are decided for those that
# it does; and what would make wrong code, or none, is rejected at its line.
. "$(dirname "$0")/check.sh"
unset CC
lenet5=$source/models/lenet5.lua

# The same file, and the same program but for the command that made it.
round_trip() {
  expect 0 -- "$cnnc" "$@" --dump=schedule-file -o first.txt
  expect 0 -- "$cnnc" "$@" --schedule first.txt --dump=schedule-file -o second.txt
  cmp first.txt second.txt || fail "$*: another schedule"
  expect 0 -- "$cnnc" "$@" -o usual.c
  expect 0 -- "$cnnc" "$@" --schedule first.txt -o pinned.c
  grep -q "Made by: cnnc .*--schedule first.txt" pinned.c || fail "$*: the program does not name its command"
  sed 's/ --schedule first.txt//' pinned.c | cmp - usual.c || fail "$*: another program"
}
for target in scalar avx2 avx512; do
  round_trip "$lenet5" --target $target
done
round_trip "$source/models/resnet50.lua" --target avx512 --batch 3
round_trip "$source/models/googlenet.lua" --target avx2 -D size=64 -D aux=true
round_trip "$lenet5" --real double --batch 5
# Training has an auxiliary head, which would make it channel-blocked, inference has none.
cat >heads.lua <<'END2'
local nn = require "nn"
return nn.model {
  input = {3, 16, 16}, classes = 4,
  forward = function(x)
    x = x:conv2d {24, 3, padding = 1, name = "first"}:relu()
    local side = x:conv2d {64, 3, padding = 1, name = "side"}:relu():conv2d {64, 3, name = "deep"}
    local head = side:flatten():linear {4, name = "extra"}
    return x:conv2d {24, 3, name = "last"}:flatten():linear {4, name = "fc"}, {head, weight = 0.3}
  end,
}
END2
round_trip heads.lua --target avx512 --batch 32
round_trip "$lenet5" --target avx2 --batch 1
grep -q "fc1 linear_padded_rows" first.txt || fail "a single image is not channel-blocked"

# decided LINE WANTED...: with the file LINE, the schedule of LeNet-5 for AVX-512 has the lines WANTED.
decided() {
  echo "$1" >line.txt
  expect 0 "$2" -- "$cnnc" "$lenet5" --target avx512 --schedule line.txt --dump=schedule-file
}
decided "conv1 conv2d oc_unroll=3 ow_unroll=2" "conv1 conv2d algorithm=direct oc_unroll=3 ow_unroll=2 oc_block=1 ow_block=28 prepack=false"
decided "conv1 conv2d oc_unroll=1 ow_unroll=4" "conv1 conv2d algorithm=direct oc_unroll=1 ow_unroll=4 oc_block=3 ow_block=28 prepack=false"
decided "conv2 conv2d prepack=true oc_block=2 ow_block=4" "conv2 conv2d algorithm=direct oc_unroll=8 ow_unroll=3 oc_block=2 ow_block=4 prepack=true"
decided "fc1 linear oc_unroll=5 n_vectors=1" "fc1 linear algorithm=direct oc_unroll=5 n_vectors=1"
decided "conv1 conv2d_backward_weights split_k=7" "algorithm=taps oc_unroll=3 kw_taps=5 oh_block=5 oc_block=3 ic_block=1 kh_block=1 ow_block=28 split_k=7"
decided "conv1 conv2d_backward_weights oc_unroll=2 kw_taps=5" "algorithm=taps oc_unroll=2 kw_taps=5 oh_block=8 oc_block=2 ic_block=1 kh_block=1 ow_block=28 split_k=3"
decided "conv2 conv2d_backward_weights algorithm=direct oc_unroll=4 ic_unroll=3" "algorithm=direct oc_unroll=4 ic_unroll=3 oh_block="

# Few images are channel-blocked, with schedules of their own; so is inference.
single() {
  echo "$1" >line.txt
  expect 0 "$2" "$3" -- "$cnnc" "$lenet5" --target avx512 --batch 2 --schedule line.txt --dump=schedule-file
}
single "conv2 conv2d_prepacked oc_vectors=1 ow_unroll=5" "conv2 conv2d_prepacked algorithm=direct oc_vectors=1 ow_unroll=5 oh_block=" \
  "conv2 conv2d_channel_blocked algorithm=direct oc_vectors=1 ow_unroll=10 oh_block="
single "conv2 conv2d_channel_blocked oc_vectors=1 ow_unroll=5" "conv2 conv2d_channel_blocked algorithm=direct oc_vectors=1 ow_unroll=5 oh_block=" \
  "conv2 conv2d_prepacked algorithm=direct oc_vectors=1 ow_unroll=10 oh_block="
single "conv2 conv2d_backward_weights_channel_blocked oc_vectors=1 ic_unroll=3" "fc1 linear algorithm=direct oc_unroll=" \
  "conv2 conv2d_backward_weights_channel_blocked algorithm=taps oc_vectors=1 ic_unroll=3 kw_taps=5 oh_block=10 n_block=2 oc_block=1 ic_block=1 split_k=1"
single "conv1 conv2d_prepacked oh_block=4 ic_block=1 oc_outer=true" "conv1 conv2d_prepacked algorithm=direct oc_vectors=" \
  "oh_block=4 ic_block=1 oc_outer=true"
single "fc1 linear_padded_rows oc_unroll=3 n_unroll=2" "fc1 linear_padded_rows algorithm=direct oc_unroll=3 n_unroll=2 oc_block=18 ic_block=400" \
  "fc1 linear algorithm=direct oc_unroll="
single "fc1 linear_padded_rows oc_block=16 ic_block=64" "fc1 linear_padded_rows algorithm=direct oc_unroll=8 n_unroll=2 oc_block=16 ic_block=64" "fc1 linear "

# The example of docs/using.md.
sed -n 's/^    \(conv1 .*\)/\1/p' "$source/docs/using.md" >documented.txt
[ "$(wc -l <documented.txt)" -eq 2 ] || fail "docs/using.md has another example"
expect 0 "conv1 conv2d algorithm=direct oc_unroll=3 ow_unroll=7 oc_block=2 ow_block=28" "algorithm=direct oc_unroll=6 ic_unroll=1 oh_block=" "split_k=4" -- \
  "$cnnc" "$lenet5" --target avx512 --schedule documented.txt --dump=schedule-file

# Comments, blank lines, lines of other systems; a dump has the same form.
printf '# LeNet-5\r\n\r\n  conv1\tconv2d  oc_unroll=3 ow_unroll=2 # small\r\nconv2 conv2d ow_block=5#half' >comments.txt
expect 0 "algorithm=direct oc_unroll=3 ow_unroll=2 oc_block=1 ow_block=28 prepack=false  -- " \
  "oc_unroll=8 ow_unroll=3 oc_block=1 ow_block=5 prepack=false" -- \
  "$cnnc" "$lenet5" --target avx512 --schedule comments.txt --dump=schedule
printf '# nothing\n' >nothing.txt
expect 0 -- "$cnnc" "$lenet5" --target avx512 --schedule nothing.txt --dump=schedule -o nothing.dump
expect 0 -- "$cnnc" "$lenet5" --target avx512 --dump=schedule -o usual.dump
cmp nothing.dump usual.dump || fail "a schedule without lines overrides something"

# Equal layers with different schedules have kernels of their own, those of equal ones share them.
cat >twins.lua <<'END2'
local nn = require "nn"
return nn.model {
  input = {4, 12, 12}, classes = 2,
  forward = function(x)
    for _, name in ipairs {"a", "b", "c", "d"} do x = x:conv2d {4, 3, padding = 1, name = name} end
    return x:flatten():linear {2, name = "fc"}
  end,
}
END2
cat >twins.txt <<'END2'
a conv2d oc_unroll=2 ow_unroll=4
b conv2d oc_unroll=2 ow_unroll=4
c conv2d oc_block=1 ow_block=5 prepack=true
d conv2d_backward_weights algorithm=direct split_k=3
b conv2d_backward_weights oc_unroll=1 kw_taps=3 oh_block=3 oc_block=2 ic_block=2 kh_block=1 ow_block=6
END2
for target in scalar avx2 avx512; do
  expect 0 -- "$cnnc" twins.lua --target $target --schedule twins.txt
  kernels=$(grep -c "^NOINLINE static void conv3x3_4to4_12x12_p1_bias" twins.c)
  [ "$kernels" -eq 3 ] || fail "$kernels kernels of equal convolutions"
  grep -q "3x3, padding 1: a, b\.$" twins.c || fail "equal schedules do not share their kernel"
  compilers | while read -r cc; do
    # shellcheck disable=SC2046 # words
    expect 0 -- $cc $("$cnnc" --cflags --target $target) -Wall -Wextra -Werror -fsyntax-only twins.c
  done || exit 1
done
cc=$(compilers | head -n 1)
[ -z "$cc" ] || expect 0 -- "$cnnc" build twins.lua --schedule twins.txt -o twins --target scalar --cc "$cc"

# Files in the words of an old release work, and their lines are written anew on standard error.
old() {
  echo "$1" >old.txt
  echo "$3" >today.txt
  expect 0 -- "$cnnc" "$lenet5" --target avx512 --batch 2 --schedule old.txt --dump=schedule-file -o old.dump
  grep -qxF "old.txt:1: $2 of an old release: now $3" errors || fail "$1: $(cat errors)"
  expect 0 -- "$cnnc" "$lenet5" --target avx512 --batch 2 --schedule today.txt --dump=schedule-file -o today.dump
  [ ! -s errors ] || fail "$3: $(cat errors)"
  cmp old.dump today.dump || fail "$1 is not $3"
}
old "conv2 conv2d_prepared algorithm=direct tile=1x5 block=4x1" "conv2d_prepared, tile, block" \
  "conv2 conv2d_prepacked algorithm=direct oc_vectors=1 ow_unroll=5 oh_block=4 ic_block=1"
old "conv2 conv2d_backward_weights_channels algorithm=taps tile=1x2 block=5x1x1x1 parts=2" \
  "conv2d_backward_weights_channels, tile, block, parts" \
  "conv2 conv2d_backward_weights_channel_blocked algorithm=taps oc_vectors=1 ic_unroll=2 oh_block=5 n_block=1 oc_block=1 ic_block=1 split_k=2"
old "conv2 conv2d_channels algorithm=direct tiles_first=true" "conv2d_channels, tiles_first" \
  "conv2 conv2d_channel_blocked algorithm=direct oc_outer=true"
old "fc1 linear_rows algorithm=direct tile=3x2" "linear_rows, tile" "fc1 linear_padded_rows algorithm=direct oc_unroll=3 n_unroll=2"
echo "conv2 conv2d_channels tile=1x5" >old.txt
expect 0 -- "$cnnc" "$lenet5" --target avx512 --batch 2 --schedule old.txt --dump=schedule-file
grep -q "now conv2 conv2d_channel_blocked algorithm=direct oc_vectors=1 ow_unroll=5, or algorithm=winograd oc_vectors=1 tile_unroll=5$" errors ||
  fail "$(cat errors)"

# Partial sums need memory.
bytes() { "$cnnc" summary "$lenet5" --target avx512 "$@" | sed -n 's/^training *\([0-9,]*\) bytes.*/\1/p' | tr -d ,; }
echo "conv2 conv2d_backward_weights oh_block=1 oc_block=4 ic_block=4 kh_block=1 ow_block=10 split_k=20" >parts.txt
[ "$(bytes --schedule parts.txt)" -gt "$(bytes)" ] || fail "summary does not see the schedule"

# No folder of this machine is in the program; the file is not overwritten.
expect 0 -- "$cnnc" "$lenet5" --schedule "$folder/comments.txt" --target avx512 -o -
grep -q "Made by: cnnc lenet5.lua --target avx512 --schedule comments.txt" output || fail "another command"
! grep -n "$folder" output || fail "a path of this machine"
for arguments in "$lenet5" "$lenet5 --dump=schedule-file" "build $lenet5"; do
  # shellcheck disable=SC2086 # words
  expect 2 "-o comments.txt: that is the schedule itself" -- \
    "$cnnc" $arguments --schedule comments.txt -o comments.txt
done

# Files that cannot be read.
expect 3 "cannot read missing.txt: No such file or directory; name a schedule file" -- \
  "$cnnc" "$lenet5" --schedule missing.txt
printf 'conv1 conv2d\0 oc_unroll=3\n' >binary.txt
expect 3 "cannot read binary.txt: it is no text" -- "$cnnc" "$lenet5" --schedule binary.txt
expect 2 "there is no pass 'schedules'" "schedule-file" -- "$cnnc" "$lenet5" --dump=schedules

# Lines that are rejected, and the whole answer to each, behind the place.
cat >shapes.lua <<'END2'
local nn = require "nn"
return nn.model {
  input = {3, 11, 13}, classes = 2,
  forward = function(x)
    x = x:conv2d {3, 3, padding = 1, name = "stem"}
    x = x:conv2d {4, 1, name = "one"}
    x = x:conv2d {12, 3, stride = 2, padding = 1, groups = 2, name = "half"}:relu()
    x = x:conv2d {12, 3, padding = 1, name = "plain"}
    x = x:conv2d {6, 3, padding = 2, dilation = 2, name = "wide"}
    x = x:conv2d {6, {1, 3}, padding = {0, 3}, name = "padded"}:conv2d {6, {1, 5}, padding = {0, 2}, name = "five"}:conv2d {6, {1, 17}, padding = {0, 8}, name = "edge"}
    return x:flatten():linear {10, name = "fc"}:linear {2, name = "out"}
  end,
}
END2
count=0
# reject [OPTION...]: lines LINE|ANSWER
reject() {
  while IFS='|' read -r line answer; do
    printf '\n%s\n' "$line" >bad.txt
    expect 3 -- "$cnnc" shapes.lua --target avx2 --schedule bad.txt -o bad.c "$@"
    echo "bad.txt:2: $answer" >wanted
    diff wanted errors >differences || fail "$line: $(cat differences)"
    [ ! -e bad.c ] || fail "$line: written in spite of the mistake"
    count=$((count + 1))
  done
}
reject <<'END2'
half|'half' is not a whole line; write LAYER OP FIELD=VALUE, such as conv1 conv2d oc_unroll=4
half conv oc_unroll=1|there is no op 'conv'; ops with a schedule are conv2d, conv2d_backward_data, conv2d_backward_weights, linear, linear_backward_data, linear_backward_weights, conv2d_prepacked, conv2d_channel_blocked, conv2d_backward_data_channel_blocked, conv2d_backward_weights_channel_blocked, linear_padded_rows
half relu oc_unroll=1|relu has no schedule; ops with a schedule are conv2d, conv2d_backward_data, conv2d_backward_weights, linear, linear_backward_data, linear_backward_weights, conv2d_prepacked, conv2d_channel_blocked, conv2d_backward_data_channel_blocked, conv2d_backward_weights_channel_blocked, linear_padded_rows
half conv2d|half conv2d: the line has no field; write FIELD=VALUE with a field of algorithm, oc_unroll, ow_unroll, oc_block, ow_block, prepack
half conv2d oc_unrolls=1|half conv2d: there is no field 'oc_unrolls'; write FIELD=VALUE with a field of algorithm, oc_unroll, ow_unroll, oc_block, ow_block, prepack
half conv2d oc_unroll 1|half conv2d: 'oc_unroll' has no value; write FIELD=VALUE with a field of algorithm, oc_unroll, ow_unroll, oc_block, ow_block, prepack
fc linear oc_block=1|fc linear: there is no field 'oc_block'; write FIELD=VALUE with a field of algorithm, oc_unroll, n_vectors
half conv2d oc_unroll=1 oc_unroll=1|half conv2d: oc_unroll is there twice
half conv2d tile=2|half conv2d: tile=2: must be 2 whole numbers from 1 to 1000000 with x between them
half conv2d oc_unroll=0|half conv2d: oc_unroll=0: must be a whole number from 1 to 1000000 (output channels of the register tile)
half conv2d tile=2x2x2|half conv2d: tile=2x2x2: must be 2 whole numbers from 1 to 1000000 with x between them
half conv2d oc_unroll=two|half conv2d: oc_unroll=two: must be a whole number from 1 to 1000000 (output channels of the register tile)
half conv2d oc_unroll=99999999999999999999|half conv2d: oc_unroll=99999999999999999999: must be a whole number from 1 to 1000000 (output channels of the register tile)
half conv2d oc_unroll=|half conv2d: oc_unroll=: must be a whole number from 1 to 1000000 (output channels of the register tile)
half conv2d_backward_weights block=1x2|half conv2d_backward_weights: block=1x2: must be 5 whole numbers from 1 to 1000000 with x between them
half conv2d_backward_weights split_k=-3|half conv2d_backward_weights: split_k=-3: must be a whole number from 1 to 1000000 (partial sums over parts of the rows of all images, in the workspace if more than 1)
half conv2d prepack=yes|half conv2d: prepack=yes: must be true or false
half conv2d algorithm=taps|half conv2d: algorithm=taps: must be direct
half conv2d_backward_weights algorithm=none|half conv2d_backward_weights: algorithm=none: must be direct or taps
third conv2d oc_unroll=1 ow_unroll=1|there is no layer 'third' with a schedule; cnnc MODEL.lua --dump=schedule-file lists all
relu1 conv2d oc_unroll=1 ow_unroll=1|there is no layer 'relu1' with a schedule; cnnc MODEL.lua --dump=schedule-file lists all
stem conv2d_backward_data oc_unroll=1 ow_unroll=1|stem has no conv2d_backward_data; it has conv2d, conv2d_backward_weights
fc conv2d oc_unroll=1 ow_unroll=1|fc has no conv2d; it has linear, linear_backward_weights, linear_backward_data
half conv2d oc_unroll=7 ow_unroll=1|half conv2d: oc_unroll must be from 1 to 6, not 7 (output channels of the register tile)
half conv2d oc_unroll=1 ow_unroll=8|half conv2d: ow_unroll must be from 1 to 7, not 8 (pixels of a row of the register tile)
half conv2d_backward_data oc_unroll=2 ow_unroll=8|half conv2d_backward_data: ow_unroll must be from 1 to 7, not 8 (pixels of a row of the register tile)
half conv2d oc_unroll=3 ow_unroll=4|half conv2d: oc_unroll=3 ow_unroll=4 need 17 vector registers: an accumulator each, 3 for operands, 2 spare; avx2 has 16
half conv2d oc_unroll=6 ow_unroll=1 oc_block=2 ow_block=1|half conv2d: oc_block must be 1, not 2 (register tiles of channels of a work item)
half conv2d oc_block=1 ow_block=8|half conv2d: ow_block must be from 1 to 7, not 8 (pixels of a row computed before the next tile)
one conv2d_backward_weights algorithm=taps|one conv2d_backward_weights: algorithm=taps is for kernels of 2 or more columns without dilation along a row, whose taps fit the registers of avx2, with less padding than columns, and rows with a pixel that all taps reach
wide conv2d_backward_weights algorithm=taps|wide conv2d_backward_weights: algorithm=taps is for kernels of 2 or more columns without dilation along a row, whose taps fit the registers of avx2, with less padding than columns, and rows with a pixel that all taps reach
padded conv2d_backward_weights algorithm=taps|padded conv2d_backward_weights: algorithm=taps is for kernels of 2 or more columns without dilation along a row, whose taps fit the registers of avx2, with less padding than columns, and rows with a pixel that all taps reach
half conv2d_backward_weights oc_unroll=2 kw_taps=2|half conv2d_backward_weights: kw_taps must be 3, all taps of a row of the filter, not 2
half conv2d_backward_weights algorithm=direct oc_unroll=2 ic_unroll=3|half conv2d_backward_weights: ic_unroll must be from 1 to 2, not 3 (input channels of the register tile)
half conv2d_backward_weights oc_unroll=2 kw_taps=3 oh_block=7 oc_block=2 ic_block=1 kh_block=1 ow_block=7|half conv2d_backward_weights: oh_block must be from 1 to 6, not 7 (rows of dy that stay in the L1 cache)
half conv2d_backward_weights oc_unroll=2 kw_taps=3 oh_block=6 oc_block=3 ic_block=1 kh_block=1 ow_block=7|half conv2d_backward_weights: oc_block must be a multiple of 2, as the register tile has so many, not 3
half conv2d_backward_weights algorithm=direct oc_unroll=2 ic_unroll=2 oh_block=6 oc_block=2 ic_block=1 kh_block=1 ow_block=7|half conv2d_backward_weights: ic_block must be a multiple of 2, as the register tile has so many, not 1
half conv2d_backward_weights oc_unroll=2 kw_taps=3 oh_block=6 oc_block=2 ic_block=1 kh_block=2 ow_block=7|half conv2d_backward_weights: kh_block must divide 3, not be 2
five conv2d_backward_weights oc_unroll=2 kw_taps=5 oh_block=6 oc_block=2 ic_block=1 kh_block=1 ow_block=10|five conv2d_backward_weights: ow_block must be all 11, or leave the 2 pixels of the left boundary in the first block and the 2 of the right one in the last
five conv2d_backward_weights oc_unroll=2 kw_taps=5 oh_block=6 oc_block=2 ic_block=1 kh_block=1 ow_block=1|five conv2d_backward_weights: ow_block must be all 11, or leave the 2 pixels of the left boundary in the first block and the 2 of the right one in the last
half conv2d_backward_weights oc_unroll=2 kw_taps=3 oh_block=6 oc_block=2 ic_block=1 kh_block=1 ow_block=8|half conv2d_backward_weights: ow_block must be from 1 to 7, not 8 (pixels of a row of dy in the L1 cache)
half conv2d_backward_weights oc_unroll=2 kw_taps=3 oh_block=6 oc_block=8000 ic_block=10 kh_block=3 ow_block=7|half conv2d_backward_weights: oc_block=8000 ic_block=10 kh_block=3 with 3 taps in a row are 720000 sums; avx2 has room for 8192
half conv2d_backward_weights oh_block=6 oc_block=10000 ic_block=1 kh_block=1 ow_block=7|half conv2d_backward_weights: oc_block must be from 1 to 8192, not 10000 (output channels of a work item)
half conv2d_backward_weights oc_unroll=2 kw_taps=3 oh_block=6 oc_block=2 ic_block=1 kh_block=1 ow_block=7 split_k=5|half conv2d_backward_weights: split_k must be from 1 to 4, not 5 (partial sums over parts of the rows of all images, in the workspace if more than 1)
fc linear oc_unroll=1 n_vectors=3|fc linear: n_vectors must divide the 4 vectors of a batch of 32, not be 3
fc linear oc_unroll=11 n_vectors=1|fc linear: oc_unroll must be from 1 to 10, not 11 (output features of the register tile)
out linear_backward_data ic_unroll=1 n_vectors=5|out linear_backward_data: n_vectors must be from 1 to 4, not 5 (vectors of images of the register tile)
out linear_backward_weights oc_unroll=1 ic_vectors=3|out linear_backward_weights: ic_vectors must be from 1 to 2, not 3 (vectors of input features of the register tile)
out linear_backward_weights oc_unroll=3 ic_vectors=1|out linear_backward_weights: oc_unroll must be from 1 to 2, not 3 (output features of the register tile)
half conv2d_prepacked oc_vectors=1 ow_unroll=1|half has no conv2d_prepacked; it has conv2d in inference
fc linear_padded_rows oc_unroll=1 n_unroll=1|fc has no linear_padded_rows; it has linear in inference
END2
reject --batch 1 <<'END2'
half conv2d_prepacked oc_vectors=3 ow_unroll=1|half conv2d_prepacked: oc_vectors must be from 1 to 2, not 3 (vectors of output channels of the register tile)
half conv2d_prepacked oc_vectors=1 ow_unroll=8|half conv2d_prepacked: ow_unroll must be from 1 to 7, not 8 (pixels of a row of the register tile)
half conv2d_prepacked oc_vectors=2 ow_unroll=7|half conv2d_prepacked: oc_vectors=2 ow_unroll=7 need 18 vector registers: an accumulator each, 2 for operands, 2 spare; avx2 has 16
edge conv2d_prepacked oc_vectors=1 ow_unroll=11|edge conv2d_prepacked: ow_unroll=11: a tap misses pixels of a tile at both ends, or more than 6 at one; 1 is always right
half conv2d_prepacked oc_vectors=1 ow_unroll=1 oh_block=7 ic_block=1|half conv2d_prepacked: oh_block must be from 1 to 6, not 7 (rows of a work item)
half conv2d_prepacked oc_vectors=1 ow_unroll=1 oh_block=1 ic_block=2|half conv2d_prepacked: ic_block must be 1, not 2 (vectors of input channels summed in one pass over the rows)
half conv2d_prepacked prepack=true|half conv2d_prepacked: there is no field 'prepack'; write FIELD=VALUE with a field of algorithm, oc_vectors, ow_unroll, oh_block, ic_block, oc_outer, tile_unroll, tile_block
half conv2d_prepacked oc_outer=1|half conv2d_prepacked: oc_outer=1: must be true or false
third conv2d_prepacked oc_vectors=1 ow_unroll=1|there is no layer 'third' with a schedule in inference; cnnc MODEL.lua --dump=schedule-file lists all
fc conv2d_prepacked oc_vectors=1 ow_unroll=1|fc has no conv2d_prepacked; it has linear_padded_rows in inference
fc linear_padded_rows oc_unroll=11 n_unroll=1|fc linear_padded_rows: oc_unroll must be from 1 to 10, not 11 (output features of the register tile)
fc linear_padded_rows oc_unroll=1 n_unroll=2|fc linear_padded_rows: n_unroll must be 1, not 2 (images of the register tile)
fc linear_padded_rows oc_unroll=4 n_unroll=1 oc_block=6 ic_block=8|fc linear_padded_rows: oc_block must be a multiple of 4, as the register tile has so many, not 6
fc linear_padded_rows oc_unroll=4 n_unroll=1 oc_block=4 ic_block=9|fc linear_padded_rows: ic_block must be all 396, or a multiple of 8, not 9
fc linear_padded_rows oc_unroll=4 n_unroll=1 oc_block=100000 ic_block=8|fc linear_padded_rows: oc_block must be from 1 to 32768, not 100000 (output features of a work item)
END2
reject --batch 3 <<'END2'
fc linear_padded_rows oc_unroll=1 n_unroll=2|fc linear_padded_rows: n_unroll must divide 3, not be 2
END2
sed 's/, groups = 2//' shapes.lua >ungrouped.lua
mv ungrouped.lua shapes.lua
reject --batch 2 <<'END2'
half conv2d oc_unroll=1 ow_unroll=1|half has no conv2d; it has conv2d_channel_blocked, conv2d_backward_weights_channel_blocked, conv2d_backward_data_channel_blocked
half conv2d_channel_blocked oc_vectors=3 ow_unroll=1|half conv2d_channel_blocked: oc_vectors must be from 1 to 2, not 3 (vectors of output channels of the register tile)
half conv2d_backward_data_channel_blocked oc_vectors=1 ow_unroll=8|half conv2d_backward_data_channel_blocked: ow_unroll must be from 1 to 7, not 8 (pixels of a row of the register tile)
half conv2d_backward_weights_channel_blocked oc_vectors=3 ic_unroll=1|half conv2d_backward_weights_channel_blocked: oc_vectors must be from 1 to 2, not 3 (vectors of output channels of the register tile)
half conv2d_backward_weights_channel_blocked oc_vectors=1 ic_unroll=5|half conv2d_backward_weights_channel_blocked: ic_unroll must be from 1 to 4, not 5 (input channels of the register tile)
half conv2d_backward_weights_channel_blocked algorithm=taps|half conv2d_backward_weights_channel_blocked: algorithm=taps is for kernels of 2 to 5 columns without stride and dilation along a row, which is not shorter
plain conv2d_channel_blocked algorithm=direct tile_unroll=4|plain conv2d_channel_blocked: algorithm=direct has no field tile_unroll; it has oc_vectors, ow_unroll, oh_block, ic_block, oc_outer
half conv2d_channel_blocked algorithm=fast|half conv2d_channel_blocked: algorithm=fast: must be direct or winograd
half conv2d_backward_weights_channel_blocked algorithm=fast|half conv2d_backward_weights_channel_blocked: algorithm=fast: must be direct or taps or winograd
stem conv2d_channel_blocked algorithm=winograd|stem conv2d_channel_blocked: algorithm=winograd is for kernels of 3x3 and 5x5 without stride, dilation and groups, with paddings below that, and not for images of few channels or millions of filters
half conv2d_channel_blocked algorithm=winograd|half conv2d_channel_blocked: algorithm=winograd is for kernels of 3x3 and 5x5 without stride, dilation and groups, with paddings below that, and not for images of few channels or millions of filters
plain conv2d_channel_blocked algorithm=winograd oh_block=1|plain conv2d_channel_blocked: algorithm=winograd has no field oh_block; it has oc_vectors, tile_unroll, tile_block
plain conv2d_channel_blocked algorithm=winograd tile_block=3|plain conv2d_channel_blocked: tile_block must be from 1 to 2, not 3 (tile batches that share one pass over weights)
plain conv2d_backward_data_channel_blocked algorithm=winograd oc_outer=true|plain conv2d_backward_data_channel_blocked: algorithm=winograd has no field oc_outer; it has oc_vectors, tile_unroll, tile_block
plain conv2d_backward_weights_channel_blocked algorithm=winograd n_block=1|plain conv2d_backward_weights_channel_blocked: algorithm=winograd has no field n_block; it has oc_vectors, ic_unroll, tile_block, split_k
plain conv2d_backward_weights_channel_blocked algorithm=winograd kw_taps=1|plain conv2d_backward_weights_channel_blocked: algorithm=winograd has no field kw_taps; it has oc_vectors, ic_unroll, tile_block, split_k
plain conv2d_backward_weights_channel_blocked algorithm=winograd split_k=2|plain conv2d_backward_weights_channel_blocked: split_k must be 1, not 2 (partial sums over parts of all tile batches, in the workspace)
wide conv2d_backward_weights_channel_blocked algorithm=taps|wide conv2d_backward_weights_channel_blocked: algorithm=taps is for kernels of 2 to 5 columns without stride and dilation along a row, which is not shorter
edge conv2d_backward_weights_channel_blocked algorithm=taps|edge conv2d_backward_weights_channel_blocked: algorithm=taps is for kernels of 2 to 5 columns without stride and dilation along a row, which is not shorter
padded conv2d_backward_weights_channel_blocked algorithm=taps oc_vectors=1 ic_unroll=6|padded conv2d_backward_weights_channel_blocked: oc_vectors=1 ic_unroll=6 with 3 taps need 22 vector registers; avx2 has 16
five conv2d_backward_weights_channel_blocked algorithm=taps oc_vectors=1 ic_unroll=3|five conv2d_backward_weights_channel_blocked: oc_vectors=1 ic_unroll=3 with 5 taps need 21 vector registers; avx2 has 16
wide conv2d_backward_weights_channel_blocked oc_vectors=1 ic_unroll=3|wide conv2d_backward_weights_channel_blocked: ic_unroll must divide 8, not be 3
half conv2d_backward_weights_channel_blocked oh_block=7 n_block=1 oc_block=1 ic_block=1|half conv2d_backward_weights_channel_blocked: oh_block must be from 1 to 6, not 7 (rows of dy that stay in the L1 cache)
half conv2d_backward_weights_channel_blocked oh_block=6 n_block=3 oc_block=1 ic_block=1|half conv2d_backward_weights_channel_blocked: n_block must be from 1 to 2, not 3 (images, where oh_block is all rows)
half conv2d_backward_weights_channel_blocked oh_block=1 n_block=2 oc_block=1 ic_block=1|half conv2d_backward_weights_channel_blocked: n_block=2 requires oh_block=6, all rows, not 1
half conv2d_backward_weights_channel_blocked oh_block=6 n_block=1 oc_block=1 ic_block=1 split_k=3|half conv2d_backward_weights_channel_blocked: split_k must be from 1 to 2, not 3 (partial sums over parts of the rows of all images, in the workspace)
END2
[ $count -gt 60 ] || fail "only $count lines were tried"

printf 'half conv2d oc_unroll=1\n\nhalf conv2d ow_block=1\n' >bad.txt
expect 3 "bad.txt:3: half conv2d: line 1 is about it already" -- "$cnnc" shapes.lua --schedule bad.txt
# The registers and the batch are those of the program at hand.
echo "half conv2d oc_unroll=3 ow_unroll=4" >large.txt
expect 0 -- "$cnnc" shapes.lua --schedule large.txt --target avx512 -o -
echo "fc linear oc_unroll=1 n_vectors=3" >three.txt
expect 0 -- "$cnnc" shapes.lua --schedule three.txt --target avx2 --batch 24 -o -
# Sizes that follow from a schedule are 64-bit: here whole register tiles need more than the weights.
cat >large.lua <<'END2'
local nn = require "nn"
return nn.model {
  input = {3, 16, 16}, classes = 2,
  forward = function(x)
    x = x:conv2d {16384, 1, name = "a"}
    x = x:conv2d {14563, 3, padding = 1, name = "b"}
    return x:flatten():linear {2, name = "fc"}
  end,
}
END2
expect 3 "large.lua:6: b " "numbers, more than 2^31 - 1; a smaller batch, image or kernel, or fewer channels would fit" -- \
  "$cnnc" large.lua --batch 2 --target avx512
exit 0
