#!/bin/sh
# Writes the golden files again: tests/golden/update.sh [PATH OF cnnc]. Read their diff.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
cnnc=$(realpath "${1:-$folder/../../build/compiler/cnnc}")
cd "$folder"
grep -v '^#' cases.txt | while IFS='|' read -r name arguments; do
  # shellcheck disable=SC2086 # arguments are words
  "$cnnc" $arguments >"$(echo "$name" | tr -d ' ').txt"
done
