# The race: race/NAME.sh, commands and their answers.
foreach(name bench generic)
  add_test(NAME race.${name} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/race/${name}.sh
    $<TARGET_FILE:cnnc> ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} $<TARGET_FILE:cnn-generic>)
  set_tests_properties(race.${name} PROPERTIES ENVIRONMENT "CC=${CNNC_PROGRAM_CC}")
endforeach()
