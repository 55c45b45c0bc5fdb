# cmake -DCNNC=... -DGOLDEN=FILE -DARGUMENTS="..." -P compare.cmake, in tests/golden: what cnnc prints is
# what the file holds.
separate_arguments(arguments UNIX_COMMAND "${ARGUMENTS}")
execute_process(COMMAND "${CNNC}" ${arguments}
  RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE errors)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "cnnc ${ARGUMENTS}: exit code ${code}\n${errors}")
endif()
file(READ "${GOLDEN}" golden)
if(output STREQUAL golden)
  return()
endif()
file(WRITE "${GOT}" "${output}")
execute_process(COMMAND diff -u "${GOLDEN}" "${GOT}" OUTPUT_VARIABLE difference)
message(FATAL_ERROR "cnnc ${ARGUMENTS} prints something else than ${GOLDEN}; if that is meant, run "
  "tests/golden/update.sh and read the diff\n${difference}")
