# kernels/test_NAME.c: kernels against naive twins, for every target and with every compiler.
# The generated C stays in the build folder, to be looked at.
add_library(kernel_harness STATIC kernels/harness.c)
target_link_libraries(kernel_harness PUBLIC cnnc_core ${CMAKE_DL_LIBS})
target_include_directories(kernel_harness PUBLIC kernels ${PROJECT_SOURCE_DIR}/runtime)
target_compile_definitions(kernel_harness PRIVATE CNN_INCLUDE="${PROJECT_SOURCE_DIR}/runtime/core")

set(targets scalar double avx2 avx512)
set(compilers clang gcc)
if(CNNC_SANITIZE)
  set(targets ${TARGETS})
  set(compilers clang)
endif()
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/kernels)
file(GLOB kernel_tests CONFIGURE_DEPENDS kernels/test_*.c)
foreach(source IN LISTS kernel_tests)
  get_filename_component(test ${source} NAME_WE)
  add_executable(kernel_${test} ${source})
  target_link_libraries(kernel_${test} PRIVATE kernel_harness)
  string(REPLACE test_ "" name ${test})
  foreach(target IN LISTS targets)
    foreach(compiler IN LISTS compilers)
      # Compilers differ in vectors; clang alone sees the plain C of scalar and double.
      if(compiler STREQUAL gcc AND NOT target MATCHES "^avx")
        continue()
      endif()
      add_test(NAME kernels.${name}.${target}.${compiler}
        COMMAND kernel_${test} ${target} ${compiler}
        WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/kernels)
      set_tests_properties(kernels.${name}.${target}.${compiler} PROPERTIES SKIP_RETURN_CODE 77
        ENVIRONMENT ASAN_OPTIONS=detect_leaks=0) # LeakSanitizer dies of threads of a library loaded late
    endforeach()
  endforeach()
endforeach()

# Headers among the templates are C by themselves.
foreach(compiler IN LISTS compilers)
  add_test(NAME kernels.headers.${compiler} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/kernels/check_headers
    ${PROJECT_SOURCE_DIR}/templates ${PROJECT_SOURCE_DIR}/runtime/core ${compiler})
  set_tests_properties(kernels.headers.${compiler} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()

# No innermost loop of a convolution lacks a register: of models that have all kinds of kernels.
if(NOT CNNC_SANITIZE)
  foreach(target avx2 avx512)
    set(models)
    foreach(model lenet5 alexnet googlenet resnet20 resnet50 inception_v3)
      list(APPEND models ${PROJECT_SOURCE_DIR}/models/${model}.lua)
    endforeach()
    list(APPEND models ${CMAKE_CURRENT_SOURCE_DIR}/nodes/models/conv_kernels.lua) # all batch-blocked kernels
    add_test(NAME kernels.spills.${target}
      COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/kernels/check_spills $<TARGET_FILE:cnnc> ${target} ${models})
    set_tests_properties(kernels.spills.${target} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endif()
