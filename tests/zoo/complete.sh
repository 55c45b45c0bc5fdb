#!/bin/sh
# complete.sh MODELS COUNTS: every model of the zoo stands in the list of those that are checked.
set -eu
for model in "$1"/*.lua; do
  name=$(basename "$model" .lua)
  grep -q "^$name *| *|" "$2" && continue
  echo "$name, with its defaults, is missing in $2" >&2
  exit 1
done
