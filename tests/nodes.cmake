# Programs node by node: nodes/models/*.lua, for every target; and their gradients, with those of
# the zoo. A model that float cannot compute exactly has that in its name, or is curves.lua.
add_executable(check_nodes nodes/check_nodes.c nodes/twins.c nodes/twins_sums.c
  nodes/twins_norms.c)
target_link_libraries(check_nodes PRIVATE cnnc_core cnn)
set(environment CNNC=$<TARGET_FILE:cnnc> CHECK_NODES=$<TARGET_FILE:check_nodes>
  COMPARE_TRACES=$<TARGET_FILE:compare_traces> "CC=${CNNC_PROGRAM_CC}")

file(GLOB models CONFIGURE_DEPENDS nodes/models/*.lua)
list(FILTER models EXCLUDE REGEX "/branches.lua$") # what the others share
if(CNNC_SANITIZE)
  # Minutes of every tail of every tile, and of large Winograd convolutions; winograd_few has
  # the same kernels.
  list(FILTER models EXCLUDE REGEX "/(conv_vectors|winograd|winograd_passes).lua$")
endif()
foreach(model IN LISTS models)
  get_filename_component(name ${model} NAME_WE)
  set(kind exact)
  if(name MATCHES "_rounded$|^curves$")
    set(kind rounded)
  elseif(name MATCHES "^winograd")
    set(kind winograd)
  endif()
  foreach(target IN LISTS TARGETS ITEMS reference)
    if(kind STREQUAL winograd AND target MATCHES "scalar|reference") # have no Winograd convolutions
      continue()
    endif()
    if(CNNC_SANITIZE AND target STREQUAL reference AND NOT name MATCHES "^(conv_groups|avg_pools|max_pools|joins)$")
      continue() # one of each kind of loop nest
    endif()
    add_test(NAME nodes.${name}.${target}
      COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/nodes/check_model ${model} ${target} ${kind})
    # An optimiser sees the programs of one target: it takes most of the time. Kernel tests show it all.
    set(flags ${CNNC_PROGRAM_CFLAGS})
    if(NOT target STREQUAL avx2)
      set(flags ${CNNC_PROGRAM_CFLAGS_QUICK})
    endif()
    set_tests_properties(nodes.${name}.${target} PROPERTIES SKIP_RETURN_CODE 77
      ENVIRONMENT "${environment};CFLAGS=${flags}")
  endforeach()
endforeach()

list(APPEND environment CFLAGS=${CNNC_PROGRAM_CFLAGS})
if(CNNC_SANITIZE)
  list(FILTER models INCLUDE REGEX "/(conv_groups|max_pools).lua$") # thousands of steps: the nodes have seen it all
endif()
list(FILTER models EXCLUDE REGEX "/winograd[a-z_]*.lua$") # programs in double are batch-blocked
foreach(model IN LISTS models)
  get_filename_component(name ${model} NAME_WE)
  add_test(NAME gradients.${name}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/nodes/check_gradients ${model})
  set_tests_properties(gradients.${name} PROPERTIES ENVIRONMENT "${environment}")
endforeach()

# Tests PREFIX.NAME that run a script on nets of the zoo, each a model and its options.
function(add_net_tests prefix script)
  foreach(net ${ARGN})
    separate_arguments(net)
    list(POP_FRONT net name)
    add_test(NAME ${prefix}.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/nodes/${script}
      ${PROJECT_SOURCE_DIR}/models/${name}.lua ${net})
    set_tests_properties(${prefix}.${name} PROPERTIES ENVIRONMENT "${environment}")
  endforeach()
endfunction()

# Of the zoo those that are small, or can be made so.
if(NOT CNNC_SANITIZE)
  add_net_tests(gradients check_gradients
    "mlp" "lenet5" "lenet5-1998" "resnet -D depth=8 -D size=8 -D shortcut=B")
endif()

foreach(target avx2 avx512)
  add_test(NAME targets.dropout.${target} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/nodes/check_targets
    ${CMAKE_CURRENT_SOURCE_DIR}/nodes/targets/dropout.lua ${target})
  set_tests_properties(targets.dropout.${target} PROPERTIES SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")
endforeach()

# Work items: those of the table and those of the kernels, of both layouts. Sanitizers see these kernels elsewhere.
if(NOT CNNC_SANITIZE)
  foreach(net "lenet5 avx512" "googlenet_cifar avx512 --batch 3" "alexnet_cifar avx2 --batch 4"
      "resnet18 avx2 -D size=32 -D classes=10 --batch 2")
    separate_arguments(net)
    list(POP_FRONT net name target)
    add_test(NAME work.${name}.${target} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/nodes/check_work
      ${PROJECT_SOURCE_DIR}/models/${name}.lua ${target} ${net})
    set_tests_properties(work.${name}.${target} PROPERTIES SKIP_RETURN_CODE 77
      ENVIRONMENT "CNNC=$<TARGET_FILE:cnnc>;CC=${CNNC_PROGRAM_CC};CFLAGS=-O1")
  endforeach()
endif()

# Steps that are profiled.
foreach(model models/lenet5 tests/golden/norms)
  get_filename_component(name ${model} NAME)
  add_test(NAME profile.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/nodes/check_profile
    ${PROJECT_SOURCE_DIR}/${model}.lua)
  set_tests_properties(profile.${name} PROPERTIES ENVIRONMENT "${environment}")
endforeach()

# Values that share memory, batch-blocked and channel-blocked; resnet18 has sums that go through memory.
# Sanitizers see the bounds of all memory alone: one net of each layout.
add_net_tests(memory check_memory "lenet5 --batch 20" "googlenet_cifar -D aux=true --batch 3")
if(NOT CNNC_SANITIZE)
  add_net_tests(memory check_memory "resnet18 -D size=32 -D classes=10 --batch 2"
    "resnet50 -D size=32 -D classes=10 --batch 16" "alexnet_cifar --batch 4")
endif()

# The same of models that have parts of wholes, and batch norms behind convolutions.
foreach(name concats joins norms_rounded)
  add_test(NAME memory.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/nodes/check_memory
    ${CMAKE_CURRENT_SOURCE_DIR}/nodes/models/${name}.lua --batch 2)
  set_tests_properties(memory.${name} PROPERTIES ENVIRONMENT "${environment}")
endforeach()

# Steps with several threads: bottlenecks, branches, and nets whose layers have fewer work items than
# there are threads. Sanitizers see no races.
if(NOT CNNC_SANITIZE)
  add_net_tests(threads check_threads "lenet5 --batch 100" "resnet18 -D size=64 -D classes=10 --batch 32"
    "resnet50 -D size=64 -D classes=10 --batch 20" "googlenet_cifar -D aux=true --batch 33" "mlp --batch 1000")
endif()
