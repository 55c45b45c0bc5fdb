# Sourced by tests: target_or_skip TARGET ends the test as skipped on a processor that cannot run it.
target_or_skip() {
  case $1 in
    avx2) needs="avx2 fma" ;;
    avx512) needs="avx512f avx512bw avx512dq avx512vl" ;;
    *) needs= ;;
  esac
  for flag in $needs; do
    grep -qw "$flag" /proc/cpuinfo && continue
    echo "skipped: this processor has no $flag"
    exit 77
  done
}
