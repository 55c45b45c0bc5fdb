#!/bin/sh
# check.sh CNNC MODELS MODEL PARAMETERS [OPTION...]
#
# `cnnc summary` of a model of the zoo counts PARAMETERS within 0.2 s of a processor;
# cnnc makes C of it in less than 0.3 s. The shortest of several runs counts. The C has less than
# 710,000 bytes, LeNet-5's less than 100,000. The graph has parameters of the names and shapes in
# names/MODEL.OPTION.txt, which tests/parity/names.py wrote. PARAMETERS is - where nobody else has such a
# net: then neither is compared.
set -eu
cnnc=$1 models=$2 model=$3 parameters=$4 here=$(dirname "$0")
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "0m0.050s 0m0.010s" as 60
milliseconds() {
  awk '{ split($1, user, /[ms]/); split($2, kernel, /[ms]/)
         printf "%d\n", 1000 * (60 * (user[1] + kernel[1]) + user[2] + kernel[2]) }'
}

# shortest LIMIT COMMAND...: runs a few times until one is within LIMIT milliseconds
shortest() {
  limit=$1 best=
  shift
  for _ in 1 2 3 4 5 6 7 8; do
    took=$( ("$@" && times) | tail -n 1 | milliseconds)
    [ -n "$best" ] && [ "$best" -le "$took" ] || best=$took
    [ "$best" -ge "$limit" ] || return 0
  done
  echo "$*: $best ms, more than $limit" >&2
  exit 1
}

# Of the graph, a line of which is "  parameter conv1.weight[64,3,7,7] he_normal": "conv1.weight 64x3x7x7".
parameters_of_graph() {
  sed -n 's/^  \(parameter\|buffer\) \([^[]*\)\[\([0-9,]*\)].*/\2 \3/p' "$work/graph" | tr , x | sort
}

# Of names/, a line of which is "conv1 weight=64x3x7x7 bias=64".
parameters_of_names() {
  awk '{ for (i = 2; i <= NF; i++) { split($i, part, "="); print $1 "." part[1], part[2] } }' "$1" |
    sort
}

summary() { "$cnnc" summary "$models/$model.lua" "$@" >"$work/summary"; }
compile() { "$cnnc" "$models/$model.lua" -o "$work/net.c" "$@"; }

summary "$@"
got=$(awk '$1 == "total" { print $2 }' "$work/summary")
if [ "$parameters" != - ] && [ "$got" != "$parameters" ]; then
  echo "$model $*: $got parameters, not $parameters" >&2
  exit 1
fi
[ -n "${CNNC_SLOW:-}" ] || shortest 200 summary "$@"
if [ -n "${CNNC_SLOW:-}" ]; then compile "$@"; else shortest 300 compile "$@"; fi
if [ "$parameters" != - ]; then
  names=$model$(printf '%s' "$@" | sed 's/-D/./g')
  parameters_of_names "$here/names/$names.txt" >"$work/wanted"
  "$cnnc" --dump=simplify "$models/$model.lua" "$@" >"$work/graph"
  parameters_of_graph >"$work/got"
  if ! diff "$work/wanted" "$work/got" >"$work/differences"; then
    echo "$model $*: not the parameters of names/ (<), but (>)" >&2
    cat "$work/differences" >&2
    exit 1
  fi
  echo "$(wc -l <"$work/got") tensors with the names and shapes of names/"
fi
case $model in
lenet5*) limit=100000 ;;
*) limit=710000 ;; # a loop nest above each kernel of a convolution: about a sixth of Inception v3
esac
bytes=$(wc -c <"$work/net.c")
echo "$got parameters, $bytes bytes of C"
[ "$bytes" -lt $limit ] || { echo "$model $*: $bytes bytes of C, not less than $limit" >&2; exit 1; }
