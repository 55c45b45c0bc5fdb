# cmake -DCNNC=... -DMODEL=NAME.lua -DOUTPUT=FILE -P bad_model.cmake, in the folder of the model: the
# first line of the model says what cnnc must answer:
#   -- [with ARGUMENTS;] expect EXIT_CODE: THE WHOLE MESSAGE
file(READ "${MODEL}" model)
string(REGEX MATCH "^-- (with ([^\n;]*); )?expect ([0-9]+): ([^\n]*)\n" first_line "${model}")
if(NOT first_line)
  message(FATAL_ERROR "${MODEL}: the first line must be -- expect EXIT_CODE: MESSAGE")
endif()
set(arguments "${CMAKE_MATCH_2}")
set(code "${CMAKE_MATCH_3}")
set(message "${CMAKE_MATCH_4}")
separate_arguments(arguments UNIX_COMMAND "${arguments}")

file(REMOVE "${OUTPUT}")
execute_process(COMMAND "${CNNC}" "${MODEL}" -o "${OUTPUT}" ${arguments}
  RESULT_VARIABLE got_code OUTPUT_VARIABLE got_output ERROR_VARIABLE got_message
  ERROR_STRIP_TRAILING_WHITESPACE)
if(NOT "${got_code}" STREQUAL "${code}" OR NOT "${got_message}" STREQUAL "${message}")
  message(FATAL_ERROR "expected ${code}: ${message}\n     got ${got_code}: ${got_message}")
endif()
if(EXISTS "${OUTPUT}")
  message(FATAL_ERROR "${OUTPUT} was written in spite of the mistake")
endif()
if(NOT "${got_output}" STREQUAL "")
  message(FATAL_ERROR "standard output must be empty, got ${got_output}")
endif()
