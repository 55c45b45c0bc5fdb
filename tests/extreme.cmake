# Networks with extreme attributes: cnnc rejects them at a line of theirs, or their programs compute
# what cnn-generic does. With sanitizers in compiler and programs where CNNC_SANITIZE is on, which is
# what finds an overflow; CNNC_EXTREME_NETWORKS makes the run longer on demand.
set(CNNC_EXTREME_NETWORKS 120 CACHE STRING "Networks with extreme attributes that the tests compile")
if(CNNC_SANITIZE)
  set(CNNC_EXTREME_NETWORKS 60)
endif()
add_test(NAME extreme.large COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/random/check_large 1
  ${CNNC_EXTREME_NETWORKS} scalar avx2 avx512)
set_tests_properties(extreme.large PROPERTIES LABELS extreme
  ENVIRONMENT "CNNC=$<TARGET_FILE:cnnc>;UBSAN_OPTIONS=halt_on_error=1")
set(environment CNNC=$<TARGET_FILE:cnnc> GENERIC=$<TARGET_FILE:cnn-generic>
  COMPARE_TRACES=$<TARGET_FILE:compare_traces> "CC=${CNNC_PROGRAM_CC}" CFLAGS=-O0 LIMIT=60
  MODEL=${CMAKE_CURRENT_SOURCE_DIR}/random/extreme.lua UBSAN_OPTIONS=halt_on_error=1)
set(TESTS 4)
math(EXPR count "(${CNNC_EXTREME_NETWORKS} + ${TESTS} - 1) / ${TESTS}")
foreach(first RANGE 1 ${CNNC_EXTREME_NETWORKS} ${count})
  add_test(NAME extreme.${first}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/random/check_seeds ${first} ${count} scalar native)
  set_tests_properties(extreme.${first} PROPERTIES LABELS extreme COST 50
    ENVIRONMENT "${environment}")
endforeach()
