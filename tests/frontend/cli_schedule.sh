# Schedule files: what cnnc prints it takes back; what a line does not say is decided for what it says; and
# what would make wrong code, or none, is refused at its line.
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
  grep -q "Made by: cnnc .*--schedule first.txt" pinned.c || fail "$*: the program does not say what made it"
  sed 's/ --schedule first.txt//' pinned.c | cmp - usual.c || fail "$*: another program"
}
for target in scalar avx2 avx512; do
  round_trip "$lenet5" --target $target
done
round_trip "$source/models/resnet50.lua" --target avx512 --batch 3
round_trip "$source/models/googlenet.lua" --target avx2 -D size=64 -D aux=true
round_trip "$lenet5" --real double --batch 5
# Training has an auxiliary head, which would fill the lanes with channels, inference has none.
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
grep -q "fc1 linear_rows" first.txt || fail "no channels in the lanes of a single image"

# decided LINE WANTED: the file LINE makes it WANTED for LeNet-5 and AVX-512.
decided() {
  echo "$1" >line.txt
  expect 0 "$2" -- "$cnnc" "$lenet5" --target avx512 --schedule line.txt --dump=schedule-file
}
decided "conv1 conv2d tile=3x2" "conv1 conv2d algorithm=direct tile=3x2 block=1x28 pack=false"
decided "conv1 conv2d tile=1x4" "conv1 conv2d algorithm=direct tile=1x4 block=3x28 pack=false"
decided "conv2 conv2d pack=true block=2x4" "conv2 conv2d algorithm=direct tile=8x3 block=2x4 pack=true"
decided "fc1 linear tile=5x1" "fc1 linear algorithm=direct tile=5x1"
decided "conv1 conv2d_backward_weights parts=7" "algorithm=taps tile=3x5 block=5x3x1x1x28 parts=7"
decided "conv1 conv2d_backward_weights tile=2x5" "algorithm=taps tile=2x5 block=8x2x1x1x28 parts=3"
decided "conv2 conv2d_backward_weights algorithm=direct tile=4x3" "algorithm=direct tile=4x3 block="

# Few images have channels in their lanes, with schedules of their own; so has inference.
single() {
  echo "$1" >line.txt
  expect 0 "$2" "$3" -- "$cnnc" "$lenet5" --target avx512 --batch 2 --schedule line.txt --dump=schedule-file
}
single "conv2 conv2d_prepacked tile=1x5" "conv2 conv2d_prepacked algorithm=direct tile=1x5 block=" \
  "conv2 conv2d_channels algorithm=direct tile=1x10 block="
single "conv2 conv2d_channels tile=1x5" "conv2 conv2d_channels algorithm=direct tile=1x5 block=" \
  "conv2 conv2d_prepacked algorithm=direct tile=1x10 block="
single "conv2 conv2d_backward_weights_channels tile=1x3" "fc1 linear algorithm=direct tile=" \
  "conv2 conv2d_backward_weights_channels algorithm=taps tile=1x3 block=10x2x1x1 parts=1"
single "conv1 conv2d_prepacked block=4x1 tiles_first=true" "conv1 conv2d_prepacked algorithm=direct tile=" \
  "block=4x1 tiles_first=true"
single "fc1 linear_rows tile=3x2" "fc1 linear_rows algorithm=direct tile=3x2 block=18x400" \
  "fc1 linear algorithm=direct tile="
single "fc1 linear_rows block=16x64" "fc1 linear_rows algorithm=direct tile=8x2 block=16x64" "fc1 linear "

# The example of docs/using.md.
sed -n 's/^    \(conv1 .*\)/\1/p' "$source/docs/using.md" >documented.txt
[ "$(wc -l <documented.txt)" -eq 2 ] || fail "docs/using.md has another example"
expect 0 "conv1 conv2d algorithm=direct tile=3x7 block=2x28" "algorithm=direct tile=6x1 block=" "parts=4" -- \
  "$cnnc" "$lenet5" --target avx512 --schedule documented.txt --dump=schedule-file

# Comments, blank lines, lines of other systems; a dump shows the same words.
printf '# LeNet-5\r\n\r\n  conv1\tconv2d  tile=3x2 # small\r\nconv2 conv2d block=1x5#half' >comments.txt
expect 0 "algorithm=direct tile=3x2 block=1x28 pack=false  -- " "tile=8x3 block=1x5 pack=false" -- \
  "$cnnc" "$lenet5" --target avx512 --schedule comments.txt --dump=schedule
printf '# nothing\n' >nothing.txt
expect 0 -- "$cnnc" "$lenet5" --target avx512 --schedule nothing.txt --dump=schedule -o nothing.dump
expect 0 -- "$cnnc" "$lenet5" --target avx512 --dump=schedule -o usual.dump
cmp nothing.dump usual.dump || fail "a schedule without lines decides something"

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
a conv2d tile=2x4
b conv2d tile=2x4
c conv2d block=1x5 pack=true
d conv2d_backward_weights algorithm=direct parts=3
b conv2d_backward_weights tile=1x3 block=3x2x2x1x6
END2
for target in scalar avx2 avx512; do
  expect 0 -- "$cnnc" twins.lua --target $target --schedule twins.txt
  kernels=$(grep -c "^NOINLINE static void conv3x3_4x12x12_to_4x12x12_p1_bias" twins.c)
  [ "$kernels" -eq 3 ] || fail "$kernels kernels of equal convolutions"
  grep -q "Used by: a, b\." twins.c || fail "equal schedules do not share their kernel"
  compilers | while read -r cc; do
    # shellcheck disable=SC2046 # words
    expect 0 -- $cc $("$cnnc" --cflags --target $target) -Wall -Wextra -Werror -fsyntax-only twins.c
  done || exit 1
done
cc=$(compilers | head -n 1)
[ -z "$cc" ] || expect 0 -- "$cnnc" build twins.lua --schedule twins.txt -o twins --target scalar --cc "$cc"

# Parts take memory.
bytes() { "$cnnc" summary "$lenet5" --target avx512 "$@" | sed -n 's/^training *\([0-9,]*\) bytes.*/\1/p' | tr -d ,; }
echo "conv2 conv2d_backward_weights block=1x4x4x1x10 parts=20" >parts.txt
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
printf 'conv1 conv2d\0 tile=3x2\n' >binary.txt
expect 3 "cannot read binary.txt: it is no text" -- "$cnnc" "$lenet5" --schedule binary.txt
expect 2 "there is no pass 'schedules'" "schedule-file" -- "$cnnc" "$lenet5" --dump=schedules

# Lines that are refused, and the whole answer to each, behind the place.
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
# refuse [OPTION...]: of lines LINE|ANSWER
refuse() {
  while IFS='|' read -r line answer; do
    printf '\n%s\n' "$line" >bad.txt
    expect 3 -- "$cnnc" shapes.lua --target avx2 --schedule bad.txt -o bad.c "$@"
    echo "bad.txt:2: $answer" >wanted
    diff wanted errors >differences || fail "$line: $(cat differences)"
    [ ! -e bad.c ] || fail "$line: written in spite of the mistake"
    count=$((count + 1))
  done
}
refuse <<'END2'
half|'half' alone decides nothing; write LAYER OP WORD=VALUE, such as conv1 conv2d tile=4x3
half conv tile=1x1|there is no op 'conv'; a schedule is of conv2d, conv2d_backward_data, conv2d_backward_weights, linear, linear_backward_data, linear_backward_weights, conv2d_prepacked, conv2d_channels, conv2d_backward_data_channels, conv2d_backward_weights_channels, linear_rows
half relu tile=1x1|nothing is decided about relu; a schedule is of conv2d, conv2d_backward_data, conv2d_backward_weights, linear, linear_backward_data, linear_backward_weights, conv2d_prepacked, conv2d_channels, conv2d_backward_data_channels, conv2d_backward_weights_channels, linear_rows
half conv2d|half conv2d: nothing is decided; write WORD=VALUE with a word of algorithm, tile, block, pack
half conv2d tiles=1x1|half conv2d: 'tiles=' decides nothing; write WORD=VALUE with a word of algorithm, tile, block, pack
half conv2d tile 1x1|half conv2d: 'tile' decides nothing; write WORD=VALUE with a word of algorithm, tile, block, pack
fc linear block=1x1|fc linear: 'block=' decides nothing; write WORD=VALUE with a word of algorithm, tile
half conv2d tile=1x1 tile=1x1|half conv2d: tile stands there twice
half conv2d tile=2|half conv2d: tile=2: must be channels x pixels of a row, each a whole number from 1 to 1000000
half conv2d tile=0x2|half conv2d: tile=0x2: must be channels x pixels of a row, each a whole number from 1 to 1000000
half conv2d tile=2x2x2|half conv2d: tile=2x2x2: must be channels x pixels of a row, each a whole number from 1 to 1000000
half conv2d tile=twox2|half conv2d: tile=twox2: must be channels x pixels of a row, each a whole number from 1 to 1000000
half conv2d tile=2x99999999999999999999|half conv2d: tile=2x99999999999999999999: must be channels x pixels of a row, each a whole number from 1 to 1000000
half conv2d tile=|half conv2d: tile=: must be channels x pixels of a row, each a whole number from 1 to 1000000
half conv2d_backward_weights block=1x2|half conv2d_backward_weights: block=1x2: must be rows x output channels x input channels x kernel rows x pixels of a row, each a whole number from 1 to 1000000
half conv2d_backward_weights parts=-3|half conv2d_backward_weights: parts=-3: must be a whole number from 1 to 1000000
half conv2d pack=yes|half conv2d: pack=yes: must be true or false
half conv2d algorithm=taps|half conv2d: algorithm=taps: there is direct alone
half conv2d_backward_weights algorithm=none|half conv2d_backward_weights: algorithm=none: there is direct and taps
third conv2d tile=1x1|there is no layer 'third' with a schedule; cnnc MODEL.lua --dump=schedule-file lists all
relu1 conv2d tile=1x1|there is no layer 'relu1' with a schedule; cnnc MODEL.lua --dump=schedule-file lists all
stem conv2d_backward_data tile=1x1|stem has no conv2d_backward_data; it has conv2d, conv2d_backward_weights
fc conv2d tile=1x1|fc has no conv2d; it has linear, linear_backward_weights, linear_backward_data
half conv2d tile=7x1|half conv2d: tile: channels must be from 1 to 6, not 7
half conv2d tile=1x8|half conv2d: tile: pixels of a row must be from 1 to 7, not 8
half conv2d_backward_data tile=2x8|half conv2d_backward_data: tile: pixels of a row must be from 1 to 7, not 8
half conv2d tile=3x4|half conv2d: tile=3x4 takes 17 vector registers, one for each sum, 3 for what waits beside them, and 2 more; avx2 has 16
half conv2d tile=6x1 block=2x1|half conv2d: block: tiles of channels must be 1, not 2
half conv2d block=1x8|half conv2d: block: pixels of a row must be from 1 to 7, not 8
one conv2d_backward_weights algorithm=taps|one conv2d_backward_weights: algorithm=taps is for kernels of 2 or more columns without dilation along a row, whose taps fit the registers of avx2, with less padding than columns, and rows with a pixel that has all taps between its edges
wide conv2d_backward_weights algorithm=taps|wide conv2d_backward_weights: algorithm=taps is for kernels of 2 or more columns without dilation along a row, whose taps fit the registers of avx2, with less padding than columns, and rows with a pixel that has all taps between its edges
padded conv2d_backward_weights algorithm=taps|padded conv2d_backward_weights: algorithm=taps is for kernels of 2 or more columns without dilation along a row, whose taps fit the registers of avx2, with less padding than columns, and rows with a pixel that has all taps between its edges
half conv2d_backward_weights tile=2x2|half conv2d_backward_weights: tile: with algorithm=taps the second number is the 3 taps of the kernel's row, not 2
half conv2d_backward_weights algorithm=direct tile=2x3|half conv2d_backward_weights: tile: input channels must be from 1 to 2, not 3
half conv2d_backward_weights tile=2x3 block=7x2x1x1x7|half conv2d_backward_weights: block: rows must be from 1 to 6, not 7
half conv2d_backward_weights tile=2x3 block=6x3x1x1x7|half conv2d_backward_weights: block: output channels must be a multiple of the tile's 2, not 3
half conv2d_backward_weights algorithm=direct tile=2x2 block=6x2x1x1x7|half conv2d_backward_weights: block: input channels must be a multiple of the tile's 2, not 1
half conv2d_backward_weights tile=2x3 block=6x2x1x2x7|half conv2d_backward_weights: block: kernel rows must divide the kernel's 3, not be 2
five conv2d_backward_weights tile=2x5 block=6x2x1x1x10|five conv2d_backward_weights: block: pixels of a row must be all 11, or leave the 2 at the left edge in the first block and the 2 at the right edge in the last
five conv2d_backward_weights tile=2x5 block=6x2x1x1x1|five conv2d_backward_weights: block: pixels of a row must be all 11, or leave the 2 at the left edge in the first block and the 2 at the right edge in the last
half conv2d_backward_weights tile=2x3 block=6x2x1x1x8|half conv2d_backward_weights: block: pixels of a row must be from 1 to 7, not 8
half conv2d_backward_weights tile=2x3 block=6x8000x10x3x7|half conv2d_backward_weights: block: 8000 x 10 channels, 3 kernel rows and 3 taps make 720000 sums; for avx2 there is room for 8192
half conv2d_backward_weights block=6x10000x1x1x7|half conv2d_backward_weights: block: output channels must be from 1 to 8192, not 10000
half conv2d_backward_weights tile=2x3 block=6x2x1x1x7 parts=5|half conv2d_backward_weights: parts must be from 1 to 4, not 5
fc linear tile=1x3|fc linear: tile: vectors of images must divide the 4 of a batch of 32, not be 3
fc linear tile=11x1|fc linear: tile: features must be from 1 to 10, not 11
out linear_backward_data tile=1x5|out linear_backward_data: tile: vectors of images must be from 1 to 4, not 5
out linear_backward_weights tile=1x3|out linear_backward_weights: tile: vectors of input features must be from 1 to 2, not 3
out linear_backward_weights tile=3x1|out linear_backward_weights: tile: output features must be from 1 to 2, not 3
half conv2d_prepacked tile=1x1|half has no conv2d_prepacked; it has conv2d in inference
fc linear_rows tile=1x1|fc has no linear_rows; it has linear in inference
END2
refuse --batch 1 <<'END2'
half conv2d_prepacked tile=3x1|half conv2d_prepacked: tile: vectors of channels must be from 1 to 2, not 3
half conv2d_prepacked tile=1x8|half conv2d_prepacked: tile: pixels of a row must be from 1 to 7, not 8
half conv2d_prepacked tile=2x7|half conv2d_prepacked: tile=2x7 takes 18 vector registers, one for each sum, 2 for what waits beside them, and 2 more; avx2 has 16
edge conv2d_prepacked tile=1x11|edge conv2d_prepacked: tile: 11 pixels of a row lack taps at both ends, or more than 6 of them at one; 1 is always right
half conv2d_prepacked tile=1x1 block=7x1|half conv2d_prepacked: block: rows must be from 1 to 6, not 7
half conv2d_prepacked tile=1x1 block=1x2|half conv2d_prepacked: block: vectors of channels read must be 1, not 2
half conv2d_prepacked pack=true|half conv2d_prepacked: 'pack=' decides nothing; write WORD=VALUE with a word of algorithm, tile, block, tiles_first
half conv2d_prepacked tiles_first=1|half conv2d_prepacked: tiles_first=1: must be true or false
third conv2d_prepacked tile=1x1|there is no layer 'third' with a schedule in inference; cnnc MODEL.lua --dump=schedule-file lists all
fc conv2d_prepacked tile=1x1|fc has no conv2d_prepacked; it has linear_rows in inference
fc linear_rows tile=11x1|fc linear_rows: tile: features must be from 1 to 10, not 11
fc linear_rows tile=1x2|fc linear_rows: tile: images must be 1, not 2
fc linear_rows tile=4x1 block=6x8|fc linear_rows: block: features must be a multiple of the tile's 4, not 6
fc linear_rows tile=4x1 block=4x9|fc linear_rows: block: features read must be all 396, or a multiple of 8, not 9
fc linear_rows tile=4x1 block=100000x8|fc linear_rows: block: features must be from 1 to 32768, not 100000
END2
refuse --batch 3 <<'END2'
fc linear_rows tile=1x2|fc linear_rows: tile: images must divide a batch of 3, not be 2
END2
sed 's/, groups = 2//' shapes.lua >ungrouped.lua
mv ungrouped.lua shapes.lua
refuse --batch 2 <<'END2'
half conv2d tile=1x1|half has no conv2d; it has conv2d_channels, conv2d_backward_weights_channels, conv2d_backward_data_channels
half conv2d_channels tile=3x1|half conv2d_channels: tile: vectors of channels must be from 1 to 2, not 3
half conv2d_backward_data_channels tile=1x8|half conv2d_backward_data_channels: tile: pixels of a row must be from 1 to 7, not 8
half conv2d_backward_weights_channels tile=3x1|half conv2d_backward_weights_channels: tile: vectors of output channels must be from 1 to 2, not 3
half conv2d_backward_weights_channels tile=1x5|half conv2d_backward_weights_channels: tile: input channels must be from 1 to 4, not 5
half conv2d_backward_weights_channels algorithm=taps|half conv2d_backward_weights_channels: algorithm=taps is for kernels of 2 to 5 columns without stride and dilation along a row, which is not shorter
half conv2d_channels algorithm=fast|half conv2d_channels: algorithm=fast: there is direct and winograd
half conv2d_backward_weights_channels algorithm=fast|half conv2d_backward_weights_channels: algorithm=fast: there is direct, taps and winograd
stem conv2d_channels algorithm=winograd|stem conv2d_channels: algorithm=winograd is for kernels of 3x3 and 5x5 without stride, dilation and groups, with paddings below that, and not for images of few channels or millions of filters
half conv2d_channels algorithm=winograd|half conv2d_channels: algorithm=winograd is for kernels of 3x3 and 5x5 without stride, dilation and groups, with paddings below that, and not for images of few channels or millions of filters
plain conv2d_channels algorithm=winograd block=1x1|plain conv2d_channels: block: vectors of channels read must be all 2 with winograd, not 1
plain conv2d_channels algorithm=winograd block=3x2|plain conv2d_channels: block: rows must be from 1 to 2, not 3
plain conv2d_backward_data_channels algorithm=winograd tiles_first=true|plain conv2d_backward_data_channels: tiles_first must be false with winograd
plain conv2d_backward_weights_channels algorithm=winograd block=1x2x1x2|plain conv2d_backward_weights_channels: block: images must be 1, not 2
plain conv2d_backward_weights_channels algorithm=winograd block=1x1x1x1|plain conv2d_backward_weights_channels: block: vectors of input channels must be all 2 with winograd, not 1
plain conv2d_backward_weights_channels algorithm=winograd parts=2|plain conv2d_backward_weights_channels: parts must be from 1 to 1, not 2
wide conv2d_backward_weights_channels algorithm=taps|wide conv2d_backward_weights_channels: algorithm=taps is for kernels of 2 to 5 columns without stride and dilation along a row, which is not shorter
edge conv2d_backward_weights_channels algorithm=taps|edge conv2d_backward_weights_channels: algorithm=taps is for kernels of 2 to 5 columns without stride and dilation along a row, which is not shorter
padded conv2d_backward_weights_channels algorithm=taps tile=1x6|padded conv2d_backward_weights_channels: tile=1x6 with 3 taps takes 22 vector registers; avx2 has 16
five conv2d_backward_weights_channels algorithm=taps tile=1x3|five conv2d_backward_weights_channels: tile=1x3 with 5 taps takes 21 vector registers; avx2 has 16
wide conv2d_backward_weights_channels tile=1x3|wide conv2d_backward_weights_channels: tile: input channels must divide the 8 of a block, not be 3
half conv2d_backward_weights_channels block=7x1x1x1|half conv2d_backward_weights_channels: block: rows must be from 1 to 6, not 7
half conv2d_backward_weights_channels block=6x3x1x1|half conv2d_backward_weights_channels: block: images must be from 1 to 2, not 3
half conv2d_backward_weights_channels block=1x2x1x1|half conv2d_backward_weights_channels: block: a strip of 2 images has all 6 rows, not 1
half conv2d_backward_weights_channels block=6x1x1x1 parts=3|half conv2d_backward_weights_channels: parts must be from 1 to 2, not 3
END2
[ $count -gt 60 ] || fail "only $count lines were tried"

printf 'half conv2d tile=1x1\n\nhalf conv2d block=1x1\n' >bad.txt
expect 3 "bad.txt:3: half conv2d: line 1 is about it already" -- "$cnnc" shapes.lua --schedule bad.txt
# The registers and the batch are those of the program at hand.
echo "half conv2d tile=3x4" >large.txt
expect 0 -- "$cnnc" shapes.lua --schedule large.txt --target avx512 -o -
echo "fc linear tile=1x3" >three.txt
expect 0 -- "$cnnc" shapes.lua --schedule three.txt --target avx2 --batch 24 -o -
exit 0
