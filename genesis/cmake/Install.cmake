# Components: `programs` and `data` (to run), `development` (find_package), and `bundled`, which only
# the package has: the shared libraries of this machine, beside the programs (see Package.cmake).
include(CMakePackageConfigHelpers)

install(TARGETS genesis_tool genesis_launch_program RUNTIME_DEPENDENCY_SET genesis_needs
  RUNTIME DESTINATION ${GENESIS_BIN_DIR} COMPONENT programs)
# Static: it brings what it needs.
install(TARGETS genesis_envd RUNTIME DESTINATION ${GENESIS_BIN_DIR} COMPONENT programs)
install(TARGETS genesis_warm LIBRARY DESTINATION ${GENESIS_LIB_DIR} COMPONENT programs)
if(GENESIS_EXAMPLES)
  install(TARGETS native_evaluator RUNTIME_DEPENDENCY_SET genesis_needs
    RUNTIME DESTINATION ${GENESIS_BIN_DIR} COMPONENT bundled EXCLUDE_FROM_ALL)
endif()
# All but glibc: the dynamic loader and its libc belong together and to the system.
install(RUNTIME_DEPENDENCY_SET genesis_needs
  PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv|util|anl|mvec|nsl)\\.so"
  LIBRARY DESTINATION ${GENESIS_LIB_DIR} COMPONENT bundled EXCLUDE_FROM_ALL)

install(DIRECTORY configs examples DESTINATION ${GENESIS_DATA_DIR} COMPONENT data
  PATTERN "CMakeLists.txt" EXCLUDE PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY evaluators/python DESTINATION ${GENESIS_DATA_DIR}/evaluators COMPONENT data
  PATTERN "__pycache__" EXCLUDE)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${GENESIS_DATA_DIR} COMPONENT data)
install(DIRECTORY docs DESTINATION ${GENESIS_DATA_DIR} COMPONENT data)
# Beside the rest and not in systemd's folder: a package is unpacked anywhere, by anybody.
install(FILES launch/sandbox_server/genesis-sandboxd.service DESTINATION ${GENESIS_DATA_DIR}/systemd
  COMPONENT data)

# The public headers: what a host names, and all that those include. tests/consumer compiles against
# the installed ones alone.
set(public_headers genesis/genesis.h genesis/evolve/mutator.h genesis/base/rng.h
  genesis/async/offload.h genesis/base/home.h launch/e2b/direct_jobs.h)
set(unread ${public_headers})
while(unread)
  list(POP_FRONT unread header)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
  file(STRINGS ${header} lines REGEX "^#include [\"<](genesis|launch|evaluators)/")
  foreach(line ${lines})
    string(REGEX REPLACE "^#include [\"<]([^\">]+).*" "\\1" included "${line}")
    if(NOT included IN_LIST public_headers)
      list(APPEND public_headers ${included})
      list(APPEND unread ${included})
    endif()
  endforeach()
endwhile()
foreach(header ${public_headers})
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${header} DESTINATION ${GENESIS_INCLUDE_DIR}/${folder} COMPONENT development)
endforeach()

get_property(exported GLOBAL PROPERTY GENESIS_LIBRARIES)
list(REMOVE_ITEM exported genesis_cli genesis_verify_circle_packing genesis_evaluator)
install(TARGETS ${exported} genesis_asio genesis_json EXPORT GenesisTargets
  ARCHIVE DESTINATION ${GENESIS_LIB_DIR} COMPONENT development)
install(TARGETS genesis_evaluator EXPORT GenesisEvaluatorTargets
  ARCHIVE DESTINATION ${GENESIS_LIB_DIR} COMPONENT development)
install(DIRECTORY evaluators/cpp/genesis_evaluator DESTINATION ${GENESIS_INCLUDE_DIR}
  COMPONENT development)
set(config_folder ${GENESIS_LIB_DIR}/cmake/Genesis)
foreach(targets GenesisTargets GenesisEvaluatorTargets)
  install(EXPORT ${targets} NAMESPACE Genesis:: DESTINATION ${config_folder}
    COMPONENT development)
endforeach()
configure_package_config_file(genesis/cmake/GenesisConfig.cmake.in
  "${CMAKE_BINARY_DIR}/GenesisConfig.cmake" INSTALL_DESTINATION ${config_folder}
  PATH_VARS GENESIS_DATA_DIR)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file("${CMAKE_BINARY_DIR}/GenesisConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/GenesisConfig.cmake"
  "${CMAKE_BINARY_DIR}/GenesisConfigVersion.cmake"
  DESTINATION ${config_folder} COMPONENT development)

# `./setup.sh package`, and the test of what it makes.
set(GENESIS_PACKAGE
  "${CMAKE_BINARY_DIR}/package/genesis-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR}.tar.gz")
set(GENESIS_PACKAGE_COMMAND ${CMAKE_COMMAND} -DBUILD=${CMAKE_BINARY_DIR}
  -DVERSION=${PROJECT_VERSION} -DARCH=${CMAKE_SYSTEM_PROCESSOR}
  -P "${CMAKE_SOURCE_DIR}/genesis/cmake/Package.cmake")
add_custom_target(package_tarball COMMAND ${GENESIS_PACKAGE_COMMAND} VERBATIM)
add_dependencies(package_tarball genesis_tool genesis_launch_program genesis_envd genesis_warm)
if(GENESIS_EXAMPLES)
  add_dependencies(package_tarball native_evaluator)
endif()
