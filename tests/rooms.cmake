# Rooms: a file includes its own room and the rooms before it in the list, no other.
# check_rooms(NAME ROOMS room... PATHS folder... EVERYWHERE file...); see rooms/check.cmake.
function(check_rooms name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "ROOMS;PATHS;EVERYWHERE")
  list(JOIN arg_ROOMS " " rooms)
  list(JOIN arg_PATHS " " paths)
  list(JOIN arg_EVERYWHERE " " everywhere)
  add_test(NAME rooms.${name} COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}
    "-DROOMS=${rooms}" "-DPATHS=${paths}" "-DEVERYWHERE=${everywhere}"
    -P ${CMAKE_CURRENT_SOURCE_DIR}/rooms/check.cmake)
endfunction()

set(runtime_rooms runtime/core runtime/data runtime/report runtime/train runtime/commands)
check_rooms(runtime ROOMS ${runtime_rooms} runtime/generic PATHS runtime runtime/core)

# Tools that all rooms of the compiler use are in driver. Of the runtime the compiler includes two
# tables, which are data: the fields of a recipe and the names of targets. Of the templates it
# includes what decides sizes.
check_rooms(compiler
  ROOMS compiler/ir compiler/schedule compiler/passes compiler/emit dsl compiler/driver
  PATHS compiler dsl templates
  EVERYWHERE compiler/targets.def
    compiler/driver/arena.h compiler/driver/diag.h compiler/driver/embedded.h
    compiler/driver/escape.h compiler/driver/target.h compiler/driver/text.h
    runtime/core/cnn_recipe.def runtime/core/cnn_targets.def
    templates/common/geometry.h templates/common/integers.h templates/common/work_items.h)

check_rooms(templates
  ROOMS templates/simd templates/common templates/batch_blocked templates/channel_blocked
    templates/winograd
  PATHS templates/simd templates/common templates/batch_blocked templates/channel_blocked)

# The race is of the runtime, and knows where cnnc is.
check_rooms(bench ROOMS ${runtime_rooms} bench PATHS runtime runtime/core compiler
  EVERYWHERE compiler/driver/arena.h compiler/driver/diag.h compiler/driver/locate.h
    compiler/driver/text.h)

# runtime/core alone is a program: it needs libc and libm, and no other part of libcnn.
add_executable(core_alone rooms/core_alone.c $<TARGET_OBJECTS:cnn_core>)
target_include_directories(core_alone PRIVATE ${PROJECT_SOURCE_DIR}/runtime)
target_link_libraries(core_alone PRIVATE cnnc_flags m)
add_test(NAME rooms.core_alone COMMAND core_alone)
