# `cmake --install` gives a tree that works from any folder, also after it was moved: by itself, by
# pkg-config and by find_package(cnn). One tree is installed with --prefix, one below DESTDIR.
. "$(dirname "$0")/check.sh"
build=$(realpath "$3")
unset CC

expect 0 -- cmake --install "$build" --prefix "$folder/first"

# docs/using.md lists the tree, and each model of the zoo.
(cd first && find . -type f) |
  sed 's,^\./,,; s,[^/]*\.\(lua\|py\)$,*.\1,; s,^lib/.*-linux-[a-z]*/,lib/,; s,cnnTargets-.*\.cmake,cnnTargets-*.cmake,' |
  sort -u >tree
sed '1,/^## The installed tree/d' "$source/docs/using.md" | sed -n 's/^| `\([^`]*\)`.*/\1/p' | sort >documented
cmp tree documented || fail "docs/using.md: the tree is $(cat tree)"
for model in "$source"/models/*.lua; do
  grep -qF "\`$(basename "$model")\`" "$source/docs/using.md" || fail "docs/using.md lacks $model"
done

cc=$(compilers | head -n 1)
[ -n "$cc" ] || { echo "skipped: neither clang nor gcc is installed"; exit 77; }

# A project of somebody else: cnnc's C, compiled with what find_package(cnn) gives.
mkdir project
cp "$source/models/mlp.lua" project/m.lua
cat >project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.22)
project(example LANGUAGES C)
find_package(cnn 0.1 REQUIRED)
add_custom_command(OUTPUT m.c DEPENDS m.lua VERBATIM
  COMMAND cnn::cnnc ${CMAKE_CURRENT_SOURCE_DIR}/m.lua --target scalar -o m.c)
add_executable(program m.c)
target_link_libraries(program PRIVATE cnn::cnn)
END
printf 'cmake_minimum_required(VERSION 3.22)\nproject(newer LANGUAGES C)\nfind_package(cnn 99)\n' >newer

generator=$(sed -n 's/^CMAKE_GENERATOR:[A-Z]*=//p' "$build/CMakeCache.txt") # there may be no make

# check_tree FOLDER: compiles programs with the installed tree in FOLDER.
check_tree() {
  tree=$1
  installed=$tree/bin/cnnc
  work=$(mktemp -d "$folder/work.XXXXXX")
  cd "$work" || exit 1
  expect 0 "-I$tree/include" -- "$installed" --cflags
  expect 0 "-L$tree/lib" -- "$installed" --libs
  echo 'return require "mlp"' >m.lua
  expect 0 "zoo/mlp.lua" -- "$installed" m.lua --dump=built
  expect 0 -- "$installed" build m.lua -o program --target scalar --cc "$cc"
  expect 0 "output" -- ./program summary

  # By hand, with the flags of pkg-config.
  PKG_CONFIG_PATH=$(dirname "$(find "$tree" -name cnn.pc)")
  export PKG_CONFIG_PATH
  expect 0 -- "$installed" m.lua --target scalar -o by_hand.c
  expect 0 -- sh -c '$0 by_hand.c $(pkg-config --cflags --libs cnn) -o by_hand' "$cc"
  expect 0 "output" -- ./by_hand summary

  # In a project of CMake. The compiler may stand with sanitizers: "clang -fsanitize=...".
  flags=
  case $cc in *\ *) flags=${cc#* } ;; esac
  expect 0 -- cmake -S ../project -B by_cmake -G "$generator" -DCMAKE_C_COMPILER="${cc%% *}" -DCMAKE_C_FLAGS="$flags" \
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$tree"
  expect 0 -- cmake --build by_cmake
  expect 0 "output" -- by_cmake/program summary
  nm by_cmake/program >symbols
  if nm program | grep -q ' U GOMP_parallel\| U __kmpc_fork_call'; then
    grep -q ' U GOMP_parallel\| U __kmpc_fork_call' symbols || fail "find_package(cnn): no OpenMP"
  fi

  # The other programs of a race.
  expect 0 "cnn-generic" -- "$tree/bin/cnn-generic" --help
  expect 0 "Usage: cnnc bench" -- "$installed" bench --help
  [ -f "$tree/share/cnnc/bench/peers/pytorch.py" ] || fail "no peers"
  cd "$folder" || exit 1
}

mv first moved
check_tree "$folder/moved"

# A version that is not this one.
mkdir other
mv newer other/CMakeLists.txt
cmake -S other -B other/build -G "$generator" -DCMAKE_PREFIX_PATH="$folder/moved" -DCMAKE_C_COMPILER="${cc%% *}" >output 2>&1 ||
  fail "$(cat output)"
grep -q "version: 0\.1" output || fail "find_package(cnn 99) found this version: $(cat output)"

# Packagers install below DESTDIR, with the prefix that was configured.
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:[A-Z]*=//p' "$build/CMakeCache.txt")
expect 0 -- env DESTDIR="$folder/stage" cmake --install "$build"
[ -x "stage$prefix/bin/cnnc" ] || fail "DESTDIR: no stage$prefix/bin/cnnc"
mv "stage$prefix" package
[ -z "$(find stage ! -type d)" ] || fail "files outside of the prefix: $(find stage ! -type d)"
check_tree "$folder/package"
exit 0
