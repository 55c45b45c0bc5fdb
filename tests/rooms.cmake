# Rooms: a file includes its own room and the rooms before it in the list, no other.
add_test(NAME rooms.runtime COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}/runtime
  "-DROOMS=core data report train commands" -P ${CMAKE_CURRENT_SOURCE_DIR}/rooms/check.cmake)

# The compiler includes nothing of the runtime but two tables. Tools that all its rooms use are in driver.
add_test(NAME rooms.compiler COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}/compiler
  "-DROOMS=ir schedule passes emit driver" "-DFORBIDDEN=core data report train commands generic"
  "-DEVERYWHERE=driver/arena.h driver/diag.h driver/embedded.h driver/escape.h driver/target.h driver/text.h"
  "-DSHARED=cnn_targets.def cnn_recipe.def"
  -P ${CMAKE_CURRENT_SOURCE_DIR}/rooms/check.cmake)

# runtime/core alone is a program: it needs libc and libm, and no other part of libcnn.
add_executable(core_alone rooms/core_alone.c $<TARGET_OBJECTS:cnn_core>)
target_include_directories(core_alone PRIVATE ${PROJECT_SOURCE_DIR}/runtime)
target_link_libraries(core_alone PRIVATE cnnc_flags m)
add_test(NAME rooms.core_alone COMMAND core_alone)
