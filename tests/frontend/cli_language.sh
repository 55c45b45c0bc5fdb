# Every example of docs/language.md compiles; those that are no models are bodies of forward.
. "$(dirname "$0")/check.sh"

awk '/^```lua$/ { count++; inside = 1; next } /^```$/ { inside = 0 }
  inside { print > ("example" count) }' "$source/docs/language.md"
count=0
for example in example*; do
  count=$((count + 1))
  if grep -q 'require "nn"' "$example"; then
    cp "$example" "$example.lua"
  else
    {
      echo 'local nn = require "nn"'
      echo 'return nn.model {name = "example", input = {3, 32, 32}, classes = 10, forward = function(x)'
      cat "$example"
      echo 'return x:flatten():linear {10, name = "output"}'
      echo 'end}'
    } >"$example.lua"
  fi
  expect 0 -- "$cnnc" "$example.lua" -o /dev/null --target scalar
done
[ $count -ge 15 ] || fail "only $count examples were found"
expect 0 "layer1.0.downsample.0.weight[16,3,1,1]" "layer1.1.conv2.weight" -- \
  "$cnnc" "$(grep -l basic_block example*.lua)" --dump=built
exit 0
