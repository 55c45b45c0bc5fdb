#!/bin/sh
# fixture.sh CNNC CHECK_FIXTURE CC CFLAGS FOLDER TARGET FIXTURE MODEL --count N [ARGUMENT...]
# One step of a program for TARGET against what PyTorch made of the same weights and images.
set -eu
here=$(dirname "$0")
. "$here/../target_or_skip.sh"
cnnc=$1 check=$2 cc=$3 cflags=$4 folder=$5 target=$6 fixture=$7 model=$8 count=${10}
shift 10
target_or_skip "$target"
mkdir -p "$folder"
"$cnnc" --keep-values "$model" --target="$target" "$@" -o "$folder/program.c"
# shellcheck disable=SC2046,SC2086 # lists of words
$cc $("$cnnc" --cflags --target="$target") $cflags "$folder/program.c" -o "$folder/program" $("$cnnc" --libs)
"$folder/program" trace --threads 1 --count "$count" --out "$folder/trace.safetensors"
"$check" "$folder/trace.safetensors" "$here/fixtures/$fixture.txt"
