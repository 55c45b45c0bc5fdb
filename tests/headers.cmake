# headers/test_NAME.c: the plain C headers of templates/, compiled as they are, once for each instruction set,
# and for double.
find_package(OpenMP COMPONENTS C)
set(flags_scalar)
set(flags_double -DCNN_REAL_IS_DOUBLE)
set(flags_avx2 -mavx2 -mfma)
set(flags_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma)
file(GLOB header_tests CONFIGURE_DEPENDS headers/test_*.c)
foreach(target IN LISTS TARGETS ITEMS double)
  foreach(source IN LISTS header_tests)
    get_filename_component(test ${source} NAME_WE)
    string(REPLACE test_ "" name ${test})
    add_executable(header_${test}_${target} ${source})
    target_include_directories(header_${test}_${target} PRIVATE
      ${PROJECT_SOURCE_DIR}/templates/simd ${PROJECT_SOURCE_DIR}/templates/common
      ${PROJECT_SOURCE_DIR}/templates/channel_blocked ${PROJECT_SOURCE_DIR}/templates/batch_blocked
      ${PROJECT_SOURCE_DIR}/templates/winograd
      ${PROJECT_SOURCE_DIR}/runtime/core) # the last one: it has another random.h
    target_compile_options(header_${test}_${target} PRIVATE ${flags_${target}} -Wno-unused-function
      -Wno-unused-const-variable)
    target_link_libraries(header_${test}_${target} PRIVATE cnnc_flags m
      $<$<BOOL:${OpenMP_C_FOUND}>:OpenMP::OpenMP_C>)
    add_test(NAME headers.${name}.${target} COMMAND header_${test}_${target})
    set_tests_properties(headers.${name}.${target} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endforeach()
