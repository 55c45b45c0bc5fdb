# Random networks: generated programs for every target against cnn-generic. Compilers are tested
# elsewhere, so they need not optimise here; their sanitizers make a few networks enough to wait for.
# 500 networks, -DCNNC_RANDOM_NETWORKS=500, take minutes: before a release, and after changes of layouts.
set(CNNC_RANDOM_NETWORKS 100 CACHE STRING "Random networks that the tests compile")
if(CNNC_SANITIZE)
  set(CNNC_RANDOM_NETWORKS 10)
endif()
set(environment CNNC=$<TARGET_FILE:cnnc> GENERIC=$<TARGET_FILE:cnn-generic>
  COMPARE_TRACES=$<TARGET_FILE:compare_traces> "CC=${CNNC_PROGRAM_CC}" CFLAGS=-O0)
set(check ${CMAKE_CURRENT_SOURCE_DIR}/random/check_seeds)

set(TESTS 10)
math(EXPR count "(${CNNC_RANDOM_NETWORKS} + ${TESTS} - 1) / ${TESTS}")
foreach(first RANGE 1 ${CNNC_RANDOM_NETWORKS} ${count})
  add_test(NAME random.${first} COMMAND ${check} ${first} ${count})
  set_tests_properties(random.${first} PROPERTIES LABELS random COST 50 ENVIRONMENT "${environment}")
endforeach()

# A difference is a failure, and prints how to see it again.
add_test(NAME random.failure COMMAND ${check} 1 1 scalar)
set_tests_properties(random.failure PROPERTIES LABELS random
  ENVIRONMENT "${environment};COMPARE_TRACES=false"
  PASS_REGULAR_EXPRESSION "again: tests/random/check_seeds 1 1\n.* 1 failed")
