# cmake --install gives a tree that works from any folder, and after it has been moved.
. "$(dirname "$0")/check.sh"
build=$(realpath "$3")
unset CC

expect 0 -- cmake --install "$build" --prefix "$folder/first"
mv first moved
installed=$folder/moved/bin/cnnc
expect 0 "-I$folder/moved/" -- "$installed" --cflags
expect 0 "-L$folder/moved/" -- "$installed" --libs
mkdir work
cd work || exit 1
expect 0 "zoo/mlp.lua" -- sh -c 'echo "return require \"mlp\"" >m.lua && "$0" m.lua --dump=built' "$installed"
cc=$(compilers | head -n 1)
[ -n "$cc" ] || { echo "skipped: neither clang nor gcc is installed"; exit 77; }
expect 0 -- "$installed" build m.lua -o program --target scalar --cc "$cc"
[ -x program ] || fail "no program"
exit 0
