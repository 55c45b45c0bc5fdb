# Generated programs against the generic runtime.

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
      -P ${CMAKE_CURRENT_SOURCE_DIR}/generic/check.cmake)
endfunction()
foreach(target scalar native)
  generic_test(lenet5_${target} models/lenet5.lua 32 "--target=${target}")
  generic_test(every_op_${target} tests/golden/every_op.lua 5 "--target=${target} -D rate=0")
  generic_test(pools_${target} tests/parity/pools.lua 11 "--target=${target}")
  generic_test(norms_${target} tests/golden/norms.lua 5 "--target=${target}")
endforeach()
generic_test(lenet5_part models/lenet5.lua 19 "")
generic_test(mlp models/mlp.lua 3 "--batch=7")
if(CNNC_SANITIZE) # they have no kernels that tests of nodes lack
  return()
endif()
# Of the zoo, as small as they still make sense.
generic_test(resnet20 models/resnet20.lua 6 "-D size=16 --batch=6")
generic_test(resnet20_b models/resnet20.lua 6 "-D size=16 -D shortcut=B --batch=8")
set(small "-D classes=10 -D dropout=0.0")
generic_test(vgg11_bn models/vgg11_bn.lua 8
  "-D size=32 -D width=0.25 -D hidden=32 ${small} --batch=8")
generic_test(alexnet models/alexnet.lua 2 "-D size=80 -D paper=true ${small} --batch=2")
string(APPEND small " -D aux_dropout=0.0")
# Behind twenty batch norms over few numbers, rounding of Winograd convolutions grows to 6e-5.
generic_test(googlenet models/googlenet.lua 8 "-D size=64 -D aux=true ${small} --batch=8 --no-winograd" 0.02)
generic_test(googlenet_paper models/googlenet.lua 2 "-D size=64 -D paper=true ${small} --batch=2"
  0.02)
