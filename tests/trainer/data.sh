# write_data FOLDER COUNT: a data set of COUNT images 28x28 for training and as many for tests, whose
# bytes and labels are 0 to 9 in turn.
idx() {
  { printf '%b' "$1"; yes '0123456789' | tr -d '\n' | tr '0-9' '\0-\011' | head -c "$2"; } >"$3"
}
write_data() {
  mkdir "$1"
  count=$(printf '\\0%o' "$2")
  for part in train t10k; do
    idx "\0\0\010\003\0\0\0$count\0\0\0\034\0\0\0\034" $(($2 * 784)) "$1/$part-images-idx3-ubyte"
    idx "\0\0\010\001\0\0\0$count" "$2" "$1/$part-labels-idx1-ubyte"
  done
}
