#!/bin/sh
# check.sh CNNC MODELS MODEL PARAMETERS [OPTION...]
#
# `cnnc summary` of a model of the zoo counts PARAMETERS (-: any number) and takes less than 0.2 s
# of a processor; cnnc makes C of it in less than 0.3 s. The shortest of several runs counts.
# Prints the size of the C.
set -eu
cnnc=$1 model=$2/$3.lua parameters=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "0m0.050s 0m0.010s" as 60
milliseconds() {
  awk '{ split($1, user, /[ms]/); split($2, kernel, /[ms]/)
         printf "%d\n", 1000 * (60 * (user[1] + kernel[1]) + user[2] + kernel[2]) }'
}

# shortest LIMIT COMMAND...: runs a few times until one takes less than LIMIT milliseconds
shortest() {
  limit=$1 best=
  shift
  for _ in 1 2 3 4 5 6 7 8; do
    took=$( ("$@" && times) | tail -n 1 | milliseconds)
    [ -n "$best" ] && [ "$best" -le "$took" ] || best=$took
    [ "$best" -ge "$limit" ] || return 0
  done
  echo "$*: takes $best ms, more than $limit" >&2
  exit 1
}

summary() { "$cnnc" summary "$model" "$@" >"$work/summary"; }
compile() { "$cnnc" "$model" -o "$work/net.c" "$@"; }

summary "$@"
got=$(awk '$1 == "total" { print $2 }' "$work/summary")
if [ "$parameters" != - ] && [ "$got" != "$parameters" ]; then
  echo "$model $*: $got parameters, not $parameters" >&2
  exit 1
fi
[ -n "${CNNC_SLOW:-}" ] || shortest 200 summary "$@"
if [ -n "${CNNC_SLOW:-}" ]; then compile "$@"; else shortest 300 compile "$@"; fi
echo "$got parameters, $(wc -c <"$work/net.c") bytes of C"
