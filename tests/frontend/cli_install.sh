# cmake --install gives a tree that works from any folder, and after it has been moved.
. "$(dirname "$0")/check.sh"
build=$(realpath "$3")
unset CC

expect 0 -- cmake --install "$build" --prefix "$folder/first"

# docs/using.md lists the tree, and each model of the zoo.
(cd first && find . -type f) | sed 's,^\./,,; s,[^/]*\.\(lua\|py\)$,*.\1,' | sort -u >tree
sed '1,/^## The installed tree/d' "$source/docs/using.md" | sed -n 's/^| `\([^`]*\)`.*/\1/p' | sort >documented
cmp tree documented || fail "docs/using.md: the tree is $(cat tree)"
for model in "$source"/models/*.lua; do
  grep -qF "\`$(basename "$model")\`" "$source/docs/using.md" || fail "docs/using.md lacks $model"
done

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
expect 0 "output" -- ./program summary

# By hand, with what pkg-config says.
export PKG_CONFIG_PATH="$folder/moved/lib/pkgconfig"
expect 0 -- "$installed" m.lua --target scalar -o by_hand.c
expect 0 -- sh -c '$0 by_hand.c $(pkg-config --cflags --libs cnn) -o by_hand' "$cc"
expect 0 "output" -- ./by_hand summary

# What a race needs beside cnnc.
expect 0 "cnn-generic" -- "$folder/moved/bin/cnn-generic" --help
[ -f "$folder/moved/share/cnnc/bench/peers/pytorch.py" ] || fail "no peers"
exit 0
