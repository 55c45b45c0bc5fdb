# What a model from anybody can do to whoever compiles it: little. Other limits are bad models.
. "$(dirname "$0")/check.sh"

# The clocks, meanwhile: a pattern that computes inside one instruction, and a model that waits for
# a reader of its output. The limits are 20 seconds of the processor and 60 by the clock.
echo 'string.rep("a", 1e4):find((".-"):rep(100) .. "b")' >pattern.lua
echo 'while true do print(string.rep("a", 1000)) end' >waiting.lua
mkfifo pipe
sleep 300 <pipe >/dev/null 2>&1 &
reader=$!
trap 'kill $reader 2>/dev/null; rm -rf "$folder"' EXIT
exec 3>pipe # opened without waiting, because there is a reader
{ timeout 200 "$cnnc" pattern.lua -o /dev/null 2>pattern.errors; echo $? >pattern.code; } 3>&- &
pattern=$!
{ timeout 200 "$cnnc" waiting.lua -o /dev/null 2>&3; echo $? >waiting.code; } &
waiting=$!

# Printing.
for text in 'print(string.rep("a", 100000))' 'print()' 'print("")'; do
  echo "while true do $text end" >printing.lua
  expect 3 "printing.lua:1: print: the model prints more than 1024 KiB" -- \
    "$cnnc" printing.lua -o /dev/null
  [ "$(wc -c <errors)" -lt 1100000 ] || fail "$text: $(wc -c <errors) bytes"
done

# Control characters: of what is printed, of a message, of a file's name, of an option's help.
no_controls() {
  LC_ALL=C tr -d '\t\n' <errors | LC_ALL=C grep -q '[[:cntrl:]]' && fail "control characters: $1"
  return 0
}
cat >controls.lua <<'END'
print("a\27[31m\0 \xc2\x9b \x9b \xe0\x80\x9b ä") error("\27]0;title\7")
END
expect 3 'a\x1b[31m\x00 \xc2\x9b \x9b \xe0\x80\x9b ä' 'controls.lua:1: \x1b]0;title\x07' -- \
  "$cnnc" controls.lua -o /dev/null
no_controls "a message"
named=$(printf 'e\033[31m.lua')
echo 'error("stop")' >"$named"
expect 3 'e\x1b[31m.lua:1: stop' -- "$cnnc" "$named" -o /dev/null
no_controls "the name of a file"
cat >help.lua <<'END'
local nn = require "nn"
nn.option("size", 1, "help\27[31m")
return nn.model {name = "help", input = {1, 8, 8}, classes = 2, forward = function(x) return x:flatten():linear {2} end}
END
expect 0 'help\x1b[31m' -- "$cnnc" help.lua --help
cp output errors
no_controls "--help"
cp help.lua "$named"
expect 0 'e\x1b[31m.lua:3' -- "$cnnc" "$named" --dump=built
cp output errors
no_controls "a dump"

wait $pattern $waiting
kill $reader 2>/dev/null
[ "$(cat pattern.code)" -eq 3 ] || fail "pattern.lua: exit code $(cat pattern.code)"
grep -qE 'pattern.lua: the model (computes for more than 20|runs for more than 60) seconds' \
  pattern.errors || fail "pattern.lua: $(cat pattern.errors)"
[ "$(cat waiting.code)" -eq 3 ] || fail "waiting.lua: exit code $(cat waiting.code)"
exit 0
