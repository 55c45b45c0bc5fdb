# The race: its table, its CSV, what it refuses. Figures are not looked at: tests run on busy machines.
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
expect 0 "pytorch   eager          did not run: no such module" -- env PATH="$folder/empty:$PATH" \
  "$cnnc" bench "$lenet5" --seconds 0.02 --rounds 1 --accept-noise --engines cnnc,pytorch --threads 1

expect 2 "wants a model" -- "$cnnc" bench
expect 2 "train,infer" -- "$cnnc" bench "$lenet5" --work sleep
expect 2 "whole numbers" -- "$cnnc" bench "$lenet5" --batch 8,none
expect 2 "generic and pytorch" -- "$cnnc" bench "$lenet5" --engines tinygrad
expect 3 "cannot read missing.lua" -- "$cnnc" bench missing.lua --csv none.csv
[ -e none.csv ] && fail "a CSV file of a race that was none"
expect 1 "cannot write" -- "$cnnc" bench "$lenet5" --csv missing/race.csv

for left in "$folder"/cnnc-bench-*; do
  [ -e "$left" ] && fail "left behind: $left"
done
exit 0
