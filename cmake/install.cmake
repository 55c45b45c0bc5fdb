# What lets other builds find an installed libcnn: cnn.pc for pkg-config, and for CMake's
# find_package(cnn) the targets cnn::cnn (the runtime) and cnn::cnnc (the compiler). Both files name
# every folder relative to themselves, so the installed tree may move.
include(CMakePackageConfigHelpers)
set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/cnn)

file(RELATIVE_PATH prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" prefix_from_pc "${prefix_from_pc}")
list(JOIN CNN_REQUIRES " " cnn_requires)
configure_file(cmake/cnn.pc.in cnn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cnn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(EXPORT cnn NAMESPACE cnn:: FILE cnnTargets.cmake DESTINATION ${config_folder})
configure_package_config_file(cmake/cnnConfig.cmake.in cnnConfig.cmake
  INSTALL_DESTINATION ${config_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(cnnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cnnConfig.cmake ${PROJECT_BINARY_DIR}/cnnConfigVersion.cmake
  DESTINATION ${config_folder})
