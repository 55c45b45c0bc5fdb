# The race: race/NAME.sh, commands and their answers. Sanitizers see cnn-generic; cnnc-bench has unit.test_race.
set(names bench generic)
if(CNNC_SANITIZE)
  set(names generic)
endif()
foreach(name IN LISTS names)
  add_test(NAME race.${name} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/race/${name}.sh
    $<TARGET_FILE:cnnc> ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} $<TARGET_FILE:cnn-generic>)
  set_tests_properties(race.${name} PROPERTIES ENVIRONMENT "CC=${CNNC_PROGRAM_CC}")
endforeach()
