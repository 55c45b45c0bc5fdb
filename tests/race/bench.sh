# The race: its table, its CSV, what it rejects. Figures are not checked: tests run on busy machines.
. "$(dirname "$0")/../frontend/check.sh"
lenet5=$source/models/lenet5.lua
export TMPDIR="$folder"
quick="--seconds 0.02 --rounds 3 --accept-noise --engines cnnc,generic"

# shellcheck disable=SC2086
expect 0 "lenet5, training step, batch 7, 1 thread" "inference, batch 7, 2 threads" "of FMA peak" \
  "FMA peak" "cnnc is" -- "$cnnc" bench "$lenet5" $quick --batch 7 --threads 1,2 \
  --work train,infer --csv race.csv
head -n 1 race.csv >header
echo "net,batch,work,threads,engine,mode,images_per_s,spread,peak_mb,share_of_fma_peak" |
  cmp - header || fail "the CSV's columns: $(cat header)"
for work in train infer; do
  for threads in 1 2; do
    for engine in cnnc generic; do
      grep -q "^lenet5,7,$work,$threads,$engine,[a-z0-9_]*,[0-9.e+]*,[0-9.]*,[0-9.]*,[0-9.]*$" race.csv ||
        fail "no row of $engine, $work, $threads threads: $(cat race.csv)"
    done
  done
done
[ "$(wc -l <race.csv)" -eq 9 ] || fail "wanted 9 lines: $(cat race.csv)"

# An engine that is missing is a row with the reason, not an end.
mkdir empty
printf '#!/bin/sh\necho "no such module" >&2\nexit 1\n' >empty/python3
chmod +x empty/python3
expect 0 "pytorch     eager          did not run: no such module" -- env PATH="$folder/empty:$PATH" \
  "$cnnc" bench "$lenet5" --seconds 0.02 --rounds 1 --accept-noise --engines cnnc,pytorch --threads 1

# Stub workers in place of PyTorch's. A "noisy" one gets slower with each of its first answers. From here
# on only stubs race, so that the answers are always the same.
stub() {
  mkdir "$1"
  cat >"$1/python3" <<END
#!/bin/sh
echo 'ready {"mode": "stub"}'
calls=0
while read -r verb words && [ "\$verb" != quit ]; do
  [ \$calls -lt $2 ] && calls=\$((calls + 1))
  echo "ok 0.00\$((calls + 1)) 1024"
done
END
  chmod +x "$1/python3"
}
stub noisy 90
stub settling 8 # as many as a first pass of three rounds asks
stub calm 0
stubs="--seconds 0.001 --rounds 3 --engines pytorch --threads 1"
race() {
  folder_of_python=$1
  shift
  # shellcheck disable=SC2086
  env PATH="$folder/$folder_of_python:$PATH" "$cnnc" bench "$lenet5" $stubs "$@"
}

# Noise is rejected: no figures, but the file is there for --resume.
expect 1 "1 of 1 races were too noisy" "--resume" -- race noisy --batch 2 --retries 0 --csv zoo.csv
cmp -s zoo.csv header || fail "figures of a noisy race: $(cat zoo.csv)"
expect 0 "pytorch     stub" -- race noisy --batch 2 --accept-noise
expect 0 "pytorch     stub" -- race settling --batch 2 --retries 1

# Races in the file are kept, the others run.
expect 0 "lenet5, training step, batch 2" -- race calm --batch 2 --csv zoo.csv --resume
mlp=$source/models/mlp.lua
expect 0 "mlp, inference, batch 2" "geometric mean: mlp" "geometric mean: all, train" -- race calm \
  "$mlp" --batch 2 --work train,infer --csv zoo.csv --resume --svg zoo.svg
grep -q "lenet5, training step" output && fail "raced again: $(cat output)"
[ "$(grep -c ',pytorch,stub,2000,0.0000,1.0,' zoo.csv)" -eq 12 ] || fail "rows: $(cat zoo.csv)"
for words in "training step, 1 thread" "inference, 1 thread" ">lenet5<" ">mlp<" "</svg>"; do
  grep -q "$words" zoo.svg || fail "no '$words' in the picture"
done
expect 0 "geometric mean: lenet5" -- race noisy --batch 2 --csv zoo.csv --resume
expect 1 "zoo.svg: not a file of" -- race calm --csv zoo.svg --resume

# A worker with much memory is asked to release it after its warm-up and after every turn.
mkdir large
cat >large/python3 <<'END'
#!/bin/sh
echo 'ready {"mode": "stub", "releases": true}'
while read -r verb words && [ "$verb" != quit ]; do
  case $verb in
  release) echo ok && echo "$verb" >>released ;;
  *) echo "ok 0.001 2000000" ;;
  esac
done
END
chmod +x large/python3
expect 0 "pytorch     stub" -- race large --batch 2
[ "$(wc -l <released)" -eq 12 ] || fail "released memory $(wc -l <released) times"

# A model that is wrong does not keep the others from racing.
expect 3 "cannot read missing.lua" "lenet5, training step" -- env PATH="$folder/calm:$PATH" \
  "$cnnc" bench missing.lua "$lenet5" --seconds 0.001 --rounds 1 --engines pytorch --threads 1 \
  --batch 2

expect 2 "which model" -- "$cnnc" bench
expect 2 "train,infer" -- "$cnnc" bench "$lenet5" --work sleep
expect 2 "whole numbers" -- "$cnnc" bench "$lenet5" --batch 8,none
expect 2 "onnxruntime and openvino" -- "$cnnc" bench "$lenet5" --engines tinygrad
expect 2 "--resume needs --csv" -- "$cnnc" bench "$lenet5" --resume
expect 3 "cannot read missing.lua" -- "$cnnc" bench missing.lua --csv none.csv
[ -e none.csv ] && fail "a CSV file without a race"
expect 1 "cannot write" -- "$cnnc" bench "$lenet5" --csv missing/race.csv

for left in "$folder"/cnnc-bench-*; do
  [ -e "$left" ] && fail "left behind: $left"
done
exit 0
