# Tests of the language, the commands and the dumps.

# bad_models/NAME.lua: a mistake each, and in its first line the answer that cnnc must give.
add_test(NAME frontend.bad_models COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/frontend/bad_models.sh
  $<TARGET_FILE:cnnc> ${CMAKE_CURRENT_SOURCE_DIR}/bad_models)

# golden/cases.txt: what cnnc prints, compared with golden/NAME.txt.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_SOURCE_DIR}/golden/cases.txt)
file(STRINGS golden/cases.txt cases REGEX "^[^#]")
foreach(case IN LISTS cases)
  string(REGEX MATCH "^([^ ]+) *\\| *(.*)$" matched "${case}")
  set(name ${CMAKE_MATCH_1})
  add_test(NAME golden.${name} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/golden
    COMMAND ${CMAKE_COMMAND} -DCNNC=$<TARGET_FILE:cnnc> -DGOLDEN=${name}.txt
      -DGOT=${CMAKE_CURRENT_BINARY_DIR}/golden_${name}.txt "-DARGUMENTS=${CMAKE_MATCH_2}"
      -P ${CMAKE_CURRENT_SOURCE_DIR}/golden/compare.cmake)
endforeach()

# frontend/cli_NAME.sh: the commands, run on models in a folder of their own. COMPILERS are those that
# can link to this libcnn: with sanitizers only the one that built it.
set(compilers "clang gcc")
if(CNNC_SANITIZE)
  set(compilers "${CMAKE_C_COMPILER} -fsanitize=address,undefined")
endif()
file(GLOB scripts CONFIGURE_DEPENDS frontend/cli_*.sh)
if(CNNC_SANITIZE)
  # cli_sandbox waits for clocks: fuzz.model and frontend.bad_models show the sandbox's memory.
  # cli_generated is about warnings, of which sanitizers have their own.
  list(FILTER scripts EXCLUDE REGEX "/cli_(sandbox|generated).sh$")
endif()
foreach(script IN LISTS scripts)
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME frontend.${name} COMMAND sh ${script} $<TARGET_FILE:cnnc> ${PROJECT_SOURCE_DIR}
    ${PROJECT_BINARY_DIR})
  set_tests_properties(frontend.${name} PROPERTIES SKIP_RETURN_CODE 77
    ENVIRONMENT "COMPILERS=${compilers}")
endforeach()
