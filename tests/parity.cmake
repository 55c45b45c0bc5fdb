# Parity with PyTorch: parity/cases.txt lists the comparisons. Fixtures are compared everywhere, the
# others where there is PyTorch when the test runs.
add_executable(check_fixture parity/check_fixture.c)
target_link_libraries(check_fixture PRIVATE cnnc_flags cnn PkgConfig::CJSON m)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_SOURCE_DIR}/parity/cases.txt)
function(parity_test name)
  add_test(NAME parity.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/parity/run ${ARGN}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(parity.${name} PROPERTIES LABELS parity SKIP_RETURN_CODE 77 TIMEOUT 900)
endfunction()
file(STRINGS parity/cases.txt cases REGEX "^[^#]")
foreach(case IN LISTS cases)
  string(REGEX MATCH "^([^ ]+) *\\| *([^ ]+) *\\| *([^ ]+) *\\| *(.*)$" matched "${case}")
  set(kind ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  set(model ${CMAKE_MATCH_3})
  string(REPLACE "--generic" "--generic $<TARGET_FILE:cnn-generic>" arguments "${CMAKE_MATCH_4}")
  separate_arguments(arguments)
  if(kind STREQUAL fixture)
    if(CNNC_SANITIZE) # their kernels are those of tests of nodes
      continue()
    endif()
    foreach(target IN LISTS TARGETS ITEMS reference)
      add_test(NAME fixtures.${name}.${target}
        COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/parity/fixture.sh $<TARGET_FILE:cnnc>
          $<TARGET_FILE:check_fixture> "${CNNC_PROGRAM_CC}" "${CNNC_PROGRAM_CFLAGS_QUICK}"
          ${CMAKE_CURRENT_BINARY_DIR}/fixture_${name}_${target} ${target} ${name} ${model} ${arguments}
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
      set_tests_properties(fixtures.${name}.${target} PROPERTIES LABELS fixtures SKIP_RETURN_CODE 77)
    endforeach()
    continue()
  endif()
  parity_test(${name} ${kind}.py --cnnc $<TARGET_FILE:cnnc>
    --folder ${CMAKE_CURRENT_BINARY_DIR}/parity_${name} ${arguments} ${model})
endforeach()
parity_test(names names.py)
parity_test(recipe recipe.py --cnnc $<TARGET_FILE:cnnc>
  --folder ${CMAKE_CURRENT_BINARY_DIR}/parity_recipe)

# Other engines of the race, against PyTorch, where they are installed.
foreach(engine onnxruntime openvino)
  add_test(NAME peers.${engine} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/parity/run peers.py
    --cnnc $<TARGET_FILE:cnnc> --folder ${CMAKE_CURRENT_BINARY_DIR}/peers_${engine}
    --engine ${engine})
  set_tests_properties(peers.${engine} PROPERTIES LABELS parity SKIP_RETURN_CODE 77 TIMEOUT 900)
endforeach()
