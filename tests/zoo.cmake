# The zoo: parameters, the size of the C, and the time that cnnc takes; zoo/counts.txt lists the nets.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_SOURCE_DIR}/zoo/counts.txt)
file(STRINGS zoo/counts.txt nets REGEX "^[^#]")
add_test(NAME zoo.complete COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/zoo/complete.sh
  ${PROJECT_SOURCE_DIR}/models ${CMAKE_CURRENT_SOURCE_DIR}/zoo/counts.txt)
foreach(net IN LISTS nets)
  string(REGEX MATCH "^([^ ]+) *\\| *([^|]*)\\| *(.*)$" matched "${net}")
  set(model ${CMAKE_MATCH_1})
  set(parameters ${CMAKE_MATCH_3})
  string(STRIP "${CMAKE_MATCH_2}" options)
  separate_arguments(options)
  set(name zoo.${model})
  if(options)
    list(JOIN options "_" suffix)
    string(REPLACE "-D_" "" suffix "${suffix}")
    set(name zoo.${model}.${suffix})
  endif()
  add_test(NAME ${name} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/zoo/check.sh $<TARGET_FILE:cnnc>
    ${PROJECT_SOURCE_DIR}/models ${model} ${parameters} ${options})
  if(CNNC_SANITIZE)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT CNNC_SLOW=1)
  endif()
endforeach()
