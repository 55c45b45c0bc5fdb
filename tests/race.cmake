# Tests of the generic runtime, of parity with PyTorch, and of the race.

add_executable(compare_traces parity/compare_traces.c)
target_link_libraries(compare_traces PRIVATE cnnc_flags cnn PkgConfig::CJSON m)

# generic_test(NAME MODEL COUNT "ARGUMENTS" [NEAR]): a generated program against cnn-generic, COUNT
# images. Of a deep net, where some unit is always near a jump of its derivative, NEAR is the tolerance
# of gradients; nor is it worth an optimiser's minute.
function(generic_test name model count arguments)
  if(ARGN)
    set(CNNC_PROGRAM_CFLAGS -O0)
  endif()
  add_test(NAME generic.${name}
    COMMAND ${CMAKE_COMMAND} -DCNNC=$<TARGET_FILE:cnnc> -DGENERIC=$<TARGET_FILE:cnn-generic>
      -DCOMPARE=$<TARGET_FILE:compare_traces> -DMODEL=${PROJECT_SOURCE_DIR}/${model}
      -DCOUNT=${count} "-DARGUMENTS=${arguments}" "-DCC=${CNNC_PROGRAM_CC}"
      -DCFLAGS=${CNNC_PROGRAM_CFLAGS} -DNEAR=${ARGN}
      -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/generic_${name}
      -P ${CMAKE_CURRENT_SOURCE_DIR}/generic.cmake)
endfunction()
foreach(target scalar native)
  generic_test(lenet5_${target} models/lenet5.lua 32 "--target=${target}")
  generic_test(every_op_${target} tests/golden/every_op.lua 5 "--target=${target} -D rate=0")
  generic_test(pools_${target} tests/parity/pools.lua 11 "--target=${target}")
  generic_test(norms_${target} tests/golden/norms.lua 5 "--target=${target}")
endforeach()
generic_test(lenet5_part models/lenet5.lua 19 "")
generic_test(mlp models/mlp.lua 3 "--batch=7")
# Of the zoo, as small as they still make sense.
generic_test(resnet20 models/resnet20.lua 6 "-D size=16 --batch=6")
generic_test(resnet20_b models/resnet20.lua 6 "-D size=16 -D shortcut=B --batch=8")
set(small "-D classes=10 -D dropout=0.0")
generic_test(vgg11_bn models/vgg11_bn.lua 8
  "-D size=32 -D width=0.25 -D hidden=32 ${small} --batch=8")
generic_test(alexnet models/alexnet.lua 2 "-D size=80 -D paper=true ${small} --batch=2")
string(APPEND small " -D aux_dropout=0.0")
generic_test(googlenet models/googlenet.lua 8 "-D size=64 -D aux=true ${small} --batch=8" 0.02)
generic_test(googlenet_paper models/googlenet.lua 2 "-D size=64 -D paper=true ${small} --batch=2"
  0.02)

# race/NAME.sh: commands and their answers.
foreach(name bench generic)
  add_test(NAME race.${name} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/race/${name}.sh
    $<TARGET_FILE:cnnc> ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} $<TARGET_FILE:cnn-generic>)
  set_tests_properties(race.${name} PROPERTIES ENVIRONMENT "CC=${CNNC_PROGRAM_CC}")
endforeach()

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
    foreach(target scalar avx2 avx512)
      add_test(NAME fixtures.${name}.${target}
        COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/parity/fixture.sh $<TARGET_FILE:cnnc>
          $<TARGET_FILE:check_fixture> "${CNNC_PROGRAM_CC}" "${CNNC_PROGRAM_CFLAGS}"
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
