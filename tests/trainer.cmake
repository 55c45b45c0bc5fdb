# Programs that train, from outside.
set(compiler ${CMAKE_C_COMPILER})
if(CNNC_SANITIZE)
  string(APPEND compiler " -fsanitize=address,undefined")
endif()
set(environment "CNNC=$<TARGET_FILE:cnnc>" "CC=${compiler}")
add_test(NAME trainer.end_to_end COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/trainer/end_to_end)
set_tests_properties(trainer.end_to_end PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600
  ENVIRONMENT "${environment}")

add_test(NAME trainer.metrics COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/trainer/metrics)
set_tests_properties(trainer.metrics PROPERTIES LABELS parity SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")

add_test(NAME trainer.tensorboard COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/trainer/tensorboard)
set_tests_properties(trainer.tensorboard PROPERTIES LABELS parity SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")

add_test(NAME trainer.recipe COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/trainer/recipe)
set_tests_properties(trainer.recipe PROPERTIES ENVIRONMENT "${environment}")

add_test(NAME trainer.resume COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/trainer/resume)
set_tests_properties(trainer.resume PROPERTIES ENVIRONMENT "${environment}")

add_test(NAME trainer.freeze COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/trainer/freeze)
set_tests_properties(trainer.freeze PROPERTIES ENVIRONMENT "${environment}")

if(NOT CNNC_SANITIZE) # sanitizers bring their own malloc, and memory of their own; unit.test_gradflow is theirs
  add_test(NAME trainer.gradflow COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/trainer/gradflow)
  set_tests_properties(trainer.gradflow PROPERTIES ENVIRONMENT
    "CNNC=$<TARGET_FILE:cnnc>;CC=${CNNC_PROGRAM_CC};CFLAGS=${CNNC_PROGRAM_CFLAGS_QUICK}")
  add_test(NAME trainer.memory COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/trainer/memory)
  set_tests_properties(trainer.memory PROPERTIES ENVIRONMENT "${environment}")
  add_library(count_allocations SHARED trainer/count_allocations.c)
  target_link_libraries(count_allocations PRIVATE cnnc_flags)
  add_test(NAME trainer.allocations COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/trainer/allocations)
  set_tests_properties(trainer.allocations PROPERTIES
    ENVIRONMENT "${environment};COUNTER=$<TARGET_FILE:count_allocations>")
endif()
