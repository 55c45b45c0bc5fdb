# For the cli_*.sh tests: `. check.sh`, after which $cnnc and $source are absolute and the current
# folder is an empty one that goes away at the end.
set -u
cnnc=$(realpath "$1")
source=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

fail() {
  echo "$*" >&2
  exit 1
}

# expect CODE WORD... -- COMMAND...: the exit code, and words that must stand in its messages.
expect() {
  code=$1
  shift
  : >wanted
  while [ "$1" != -- ]; do
    echo "$1" >>wanted
    shift
  done
  shift
  got=0
  "$@" >output 2>errors || got=$?
  [ "$got" -eq "$code" ] || fail "exit code $got instead of $code: $* $(cat errors)"
  while read -r word; do
    cat output errors | grep -qF -e "$word" || fail "'$word' is missing in the answer to: $* $(cat output errors)"
  done <wanted
}

# The C compilers to try, with their flags, one a line.
compilers() {
  case $COMPILERS in
  *-f*) echo "$COMPILERS" ;;
  *)
    for name in $COMPILERS; do
      command -v "$name" >/dev/null && echo "$name"
    done
    ;;
  esac
}
