# Programs with pseudo-random schedules against those of the cost model: LeNet-5, and small nets with every
# stride, dilation, group and rest; with two images those that are channel-blocked. Each
# test has schedules of its own.
set(environment CNNC=$<TARGET_FILE:cnnc> CHECK_NODES=$<TARGET_FILE:check_nodes>
  COMPARE_TRACES=$<TARGET_FILE:compare_traces> "CC=${CNNC_PROGRAM_CC}" CFLAGS=${CNNC_PROGRAM_CFLAGS_QUICK})
set(first 1)
set(count 1)
set(names conv_strides conv_groups conv_kernels conv_channels linears)
set(names_few conv_strides conv_kernels conv_wide conv_vectors linears)
if(CNNC_SANITIZE) # three models are enough to wait for
  set(names)
  set(names_few)
endif()
function(schedules_test name target model kind)
  add_test(NAME schedules.${name}.${target}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/schedules/check_schedules ${PROJECT_SOURCE_DIR}/${model}.lua
      ${target} ${first} ${count} ${kind} ${ARGN})
  set_tests_properties(schedules.${name}.${target} PROPERTIES SKIP_RETURN_CODE 77
    ENVIRONMENT "${environment}")
  math(EXPR first "${first} + ${count}")
  set(first ${first} PARENT_SCOPE)
endfunction()
foreach(target IN LISTS TARGETS)
  schedules_test(lenet5 ${target} models/lenet5 near)
  foreach(name IN LISTS names)
    schedules_test(${name} ${target} tests/nodes/models/${name} exact)
  endforeach()
endforeach()
set(vectors ${TARGETS})
list(REMOVE_ITEM vectors scalar)
foreach(target IN LISTS vectors)
  if(NOT CNNC_SANITIZE)
    schedules_test(conv_filled ${target} tests/nodes/models/conv_filled exact)
    schedules_test(winograd ${target} tests/nodes/models/winograd rounded)
  endif()
  schedules_test(resnet_few ${target} models/resnet step -D depth=8 -D size=16 -D shortcut=B --batch 4)
  schedules_test(concats_few ${target} tests/nodes/models/concats exact --batch 2)
  foreach(name IN LISTS names_few)
    schedules_test(${name}_few ${target} tests/nodes/models/${name} exact --batch 2)
  endforeach()
endforeach()
