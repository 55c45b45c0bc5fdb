# Options of the zoo: a wrong value is answered by its name and what is allowed, at the line of the option.
. "$(dirname "$0")/check.sh"

# wrong MODEL OPTION=VALUE ANSWER...: words that must stand in the answer to the value.
wrong() {
  model=$1 option=$2
  shift 2
  code=2
  case "$model $option" in "resnet depth="*) code=3 ;; esac # the model's own check
  expect $code "${option%%=*} is ${option#*=}, but must be" "$@" -- \
    "$cnnc" "$source/models/$model.lua" -D "$option" -o /dev/null
  [ "$(wc -l <errors)" -eq 1 ] || fail "$model -D $option: more than one line: $(cat errors)"
}
wrong mlp hidden=0 "at least 1"
wrong mlp layers=-1 "at least 0"
wrong mlp layers=5000 "at most 1000"
wrong alexnet size=7 "at least 8"
wrong alexnet hidden=0 "at least 1"
wrong alexnet_cifar dropout=1.5 "less than 1"
wrong vgg depth=12 "11, 13, 16 or 19"
wrong vgg16 size=31 "at least 32"
wrong vgg16 hidden=-1 "at least 0"
wrong vgg13_cifar width=0.01 "at least 0.015625"
wrong googlenet size=31 "at least 32"
wrong googlenet width=0.0 "at least 0.0625"
wrong googlenet aux_dropout=-0.5 "at least 0"
wrong googlenet_cifar width=17.0 "at most 16"
wrong inception_v3 size=106 "at least 107"
wrong inception_v3 dropout=-0.5 "at least 0"
wrong resnet depth=2 "18, 34, 50, 101 or 152"
wrong resnet depth=21 "18, 34, 50, 101 or 152"
wrong resnet18 size=1 "at least 32"
wrong resnet20 size=7 "at least 8"
wrong resnet20 shortcut=C "A or B"
for model in alexnet vgg16 googlenet inception_v3 resnet50; do
  wrong $model classes=0 "at least 1"
  wrong $model batch=0 "at least 1"
done
expect 2 "size is 74, but must be at least 75" -- \
  "$cnnc" "$source/models/inception_v3.lua" -D aux=false -D size=74

# The least that is allowed compiles.
while read -r model options; do
  # shellcheck disable=SC2086 # options are words
  expect 0 -- "$cnnc" "$source/models/$model.lua" $options -o /dev/null
done <<'END'
mlp -D hidden=1 -D layers=0
alexnet -D size=8 -D hidden=1
alexnet -D size=64
alexnet -D size=64 -D paper=true
vgg16 -D size=32 -D width=0.015625
googlenet -D size=32 -D width=0.0625 -D aux=true
googlenet -D size=64 -D paper=true
inception_v3 -D size=107
inception_v3 -D size=75 -D aux=false
resnet18 -D size=32 -D batch=1 -D classes=1
resnet50 -D size=32
resnet20 -D size=8
END

# A required model with another recipe: what is given replaces the model's, the rest stays.
cat >other.lua <<'END'
local nn = require "nn"
return nn.with_recipe {require "lenet5", batch = 5, optimizer = nn.adam {lr = 0.25}}
END
expect 0 -- "$cnnc" other.lua -o other.c
grep -A 20 '^static const cnn_recipe' other.c >other.recipe
for setting in '.optimizer = CNN_ADAM,' '.lr = 0.25,' '.epochs = 15,' '.schedule = CNN_LR_COSINE,' \
  '.batch = 5,'; do
  grep -qF -e "$setting" other.c || fail "with_recipe: $setting is missing: $(cat other.recipe)"
done
grep -qF 'momentum' other.recipe && fail "with_recipe: momentum is kept: $(cat other.recipe)"
expect 0 "batch 7" -- "$cnnc" other.lua --batch 7 --help
# Of such a model again, and nothing that the model file changes afterwards.
cat >again.lua <<'END'
local nn = require "nn"
local augment = {flip = true}
local one = nn.with_recipe {require "lenet5", augment = augment, epochs = 3}
augment.flip = false
return nn.with_recipe {one, epochs = 4, name = "again", clip_norm = 0}
END
expect 0 -- "$cnnc" again.lua -o again.c
for setting in '.epochs = 4,' '.flip = 1,' '.momentum = 0.9,' '.name = "again",'; do
  grep -qF -e "$setting" again.c || fail "with_recipe twice: $setting is missing"
done
# A whole number is a good preset of an option that is none, as with -D.
printf 'require "nn".preset {width = 1}\nreturn require "vgg8_cifar"\n' >whole.lua
expect 0 -- "$cnnc" whole.lua -o /dev/null

# What a file presets counts more than what the file that it requires presets.
printf 'require "nn".preset {depth = 34}\nreturn require "resnet18"\n' >deeper.lua
expect 0 "default 34" -- "$cnnc" deeper.lua --help

# Whatever --help lists has what is allowed, but for switches, names, and depths that a rule makes.
for model in "$source"/models/*.lua; do
  expect 0 -- "$cnnc" "$model" --help
  sed 1,2d output | grep -v -e "; [^)]*)$" -e "(default \(true\|false\))$" \
    -e "^  name " -e "^  depth .* 6 n + 2" && fail "$model: options that anything can be given to"
done

# Every file of the zoo, but the two that need their depth, is a model with a name of its own, and so
# has a run folder of its own.
for model in "$source"/models/*.lua; do
  case $model in */resnet.lua | */vgg.lua) continue ;; esac
  "$cnnc" "$model" --help | sed -n 's/^Model \([^:]*\):.*/\1/p' >name
  [ -s name ] || fail "$model: no name in its help"
  cat name >>names
done
sort names | uniq -d >twice
[ ! -s twice ] || fail "names of several models: $(cat twice)"
exit 0
