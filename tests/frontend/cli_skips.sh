# .ci/skips: skipped tests are listed with their reasons, and only those that are expected may be.
. "$(dirname "$0")/check.sh"
skips=$source/.ci/skips
[ -x "$skips" ] || { echo "skipped: the checkout has no .ci"; exit 77; }

mkdir -p build/Testing/Temporary build-sanitize/Testing/Temporary
: >build-sanitize/Testing/Temporary/LastTest.log
# ran NAME REASON: a skipped test joins what ctest printed and its log.
ran() {
  echo " 1/2 Test #7: $1 ....***Skipped   0.01 sec" >>printed
  printf '%s\n' "7/9 Test: $1" "Output:" "-----" "$2" "<end of output>" >>build/Testing/Temporary/LastTest.log
}
echo "2/2 Test #8: unit.test_text ....   Passed    0.01 sec" >printed
expect 0 -- "$skips" release printed
ran kernels.conv.avx512.clang "skipped: this processor has no avx512"
ran targets.dropout.avx512 "skipped: this processor has no avx512f"
ran peers.openvino "skipped: No module named 'openvino'"
expect 0 "kernels.conv.avx512.clang: this processor has no avx512" "peers.openvino: No module" -- \
  "$skips" release printed

cp printed good
ran kernels.conv.scalar.gcc "skipped: no compiler gcc"
expect 1 "must not be skipped: kernels.conv.scalar.gcc: no compiler gcc" -- "$skips" release printed
cp good printed
ran kernels.small.avx2.gcc "" # the reason matters
expect 1 "kernels.small.avx2.gcc: no reason given" -- "$skips" release printed

# Sanitizers have a log of their own.
cp good printed
expect 1 "no reason given" -- "$skips" sanitize printed
mv build/Testing/Temporary/LastTest.log build-sanitize/Testing/Temporary
expect 0 -- "$skips" sanitize printed
exit 0
