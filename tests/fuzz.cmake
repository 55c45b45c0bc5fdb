# `ctest --preset fuzz`, in the build of preset sanitize: libFuzzer on everything that reads foreign files.
# Before a release run for longer, -DCNNC_FUZZ_SECONDS=600.
set(CNNC_FUZZ_SECONDS 15 CACHE STRING "Seconds for each fuzzer")
find_program(GZIP gzip REQUIRED)

# A small seed of every kind; what a fuzzer finds is added to its folder.
set(corpus ${CMAKE_CURRENT_BINARY_DIR}/corpus)
file(MAKE_DIRECTORY ${corpus}/idx ${corpus}/safetensors ${corpus}/model ${corpus}/schedule
  ${corpus}/jpeg ${corpus}/png ${corpus}/webp ${corpus}/labels)
execute_process(
  COMMAND printf "\\0\\0\\10\\3\\0\\0\\0\\2\\0\\0\\0\\3\\0\\0\\0\\3abcdefghiabcdefghi"
  OUTPUT_FILE ${corpus}/idx/plain)
execute_process(COMMAND ${GZIP} -c ${corpus}/idx/plain OUTPUT_FILE ${corpus}/idx/packed)
execute_process(
  COMMAND printf "\\112\\0\\0\\0\\0\\0\\0\\0{\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},\"__metadata__\":{}}abcdefgh"
  OUTPUT_FILE ${corpus}/safetensors/seed)
file(WRITE ${corpus}/labels/seed "file,label\n\"a, \"\"b\"\".jpg\",cat\nc.png,\"dog\"\r\n")
file(GLOB models ${PROJECT_SOURCE_DIR}/models/*.lua bad_models/*.lua golden/*.lua)
file(COPY ${models} DESTINATION ${corpus}/model)
file(COPY golden/lenet5.schedule_file.txt DESTINATION ${corpus}/schedule)

add_executable(fuzz_seeds fuzz/seeds.c)
target_include_directories(fuzz_seeds PRIVATE unit)
target_link_libraries(fuzz_seeds PRIVATE cnnc_flags scratch PkgConfig::CMOCKA)
add_custom_command(TARGET fuzz_seeds POST_BUILD COMMAND fuzz_seeds ${corpus})

foreach(name idx safetensors model schedule jpeg png webp labels)
  add_executable(fuzz_${name} fuzz/fuzz_${name}.c fuzz/input.c)
  target_link_libraries(fuzz_${name} PRIVATE cnnc_core cnn PkgConfig::CNN_REQUIRES m)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_test(NAME fuzz.${name} COMMAND fuzz_${name} -max_total_time=${CNNC_FUZZ_SECONDS} -timeout=60
    -rss_limit_mb=4096 -print_final_stats=1 ${corpus}/${name})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz)
endforeach()
foreach(name jpeg png webp)
  target_sources(fuzz_${name} PRIVATE fuzz/image.c)
  add_dependencies(fuzz_${name} fuzz_seeds)
endforeach()
target_compile_definitions(fuzz_schedule PRIVATE MODEL="${PROJECT_SOURCE_DIR}/models/lenet5.lua")
