# cnn-generic's command line, its protocol, and its messages for files that are wrong.
. "$(dirname "$0")/../frontend/check.sh"
generic=$(realpath "$4")

expect 0 "cnn-generic " -- "$generic" --version
expect 0 "Usage: cnn-generic" -- "$generic" --help
expect 2 "GRAPH.json" -- "$generic"
expect 2 "mode race: give step, infer or worker" -- "$generic" graph.json race
expect 2 "--threads 0: must be a whole number from 1" -- "$generic" graph.json worker --threads 0
expect 2 "need --trace FILE and --out FILE" -- "$generic" graph.json step
expect 3 "graph.json: No such file" -- "$generic" graph.json worker

"$cnnc" export "$source/models/lenet5.lua" --batch 4 -o graph.json || fail "export"
printf 'run train 4 2\nrun infer 3 1\nrun infer 5 1\nrun sleep 1 1\nquit\nrun infer 1 1\n' |
  "$generic" graph.json worker --threads 2 >answers || fail "the worker ended badly"
[ "$(wc -l <answers)" -eq 5 ] || fail "wanted 5 answers: $(cat answers)"
grep -qE '^ready \{"engine":"generic",.*\}$' answers || fail "not ready: $(cat answers)"
[ "$(grep -cE '^ok [0-9.e-]+ [0-9]+$' answers)" -eq 2 ] || fail "wanted 2 times: $(cat answers)"
grep -q "^error COUNT is at most 4; give --batch 5" answers || fail "took too many images: $(cat answers)"
grep -q "^error not a line of the form: run" answers || fail "took a line that is none: $(cat answers)"

expect 4 "missing.safetensors" -- "$generic" graph.json step --trace missing.safetensors --out out
echo "{}" >empty.json
expect 3 "wants format 'cnnc-graph'" -- "$generic" empty.json worker
echo "{" >broken.json
expect 3 "broken.json: not JSON" -- "$generic" broken.json worker
sed 's/"op":.*"relu"/"op": "gelu"/' graph.json >unknown.json
expect 3 "cannot run op 'gelu'" -- "$generic" unknown.json worker
sed '0,/"conv2.weight"/s//"conv3.weight"/' graph.json >renamed.json
expect 3 "unknown value 'conv2.weight'" -- "$generic" renamed.json worker

# Another model's trace.
"$cnnc" build "$source/models/mlp.lua" --target scalar -o mlp || fail "build"
./mlp trace --count 2 --out mlp.safetensors || fail "trace"
expect 4 "no tensor 'conv1.weight'" -- "$generic" graph.json step --trace mlp.safetensors --out out
[ -e out ] && fail "wrote results of a step that was none"
exit 0
