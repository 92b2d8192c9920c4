# genesis_library(NAME SOURCES … LINK …): a static library of ours, included from the root.
# Each is noted for Install.cmake, which exports what Genesis::genesis needs.
function(genesis_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:${GENESIS_INCLUDE_DIR}>)
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_link_libraries(${name} PUBLIC ${ARG_LINK}
    PRIVATE $<BUILD_INTERFACE:genesis_warnings> ${ARG_PRIVATE_LINK})
  set_property(GLOBAL APPEND PROPERTY GENESIS_LIBRARIES ${name})
endfunction()

# genesis_test(NAME LABELS … SOURCES … LINK …): one GoogleTest executable, one ctest entry.
function(genesis_test name)
  if(NOT GENESIS_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS;ENVIRONMENT" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock_main genesis_warnings)
  target_compile_definitions(${name} PRIVATE
    GENESIS_SOURCE_DIR="${CMAKE_SOURCE_DIR}" GENESIS_BINARY_DIR="${CMAKE_BINARY_DIR}")
  # Half of all that is compiled is tests. Their own speed is nobody's, and what the address sanitizer
  # sees as well need not be looked for twice: a third of their time to build.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(GENESIS_SANITIZE MATCHES "address.*undefined")
    target_compile_options(${name} PRIVATE -fno-sanitize=null,alignment,object-size,vptr)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  # What the sanitizer builds make: see tests/CMakeLists.txt.
  if(ARG_LABELS MATCHES "unit|contract|fault")
    set_property(GLOBAL APPEND PROPERTY GENESIS_SANITIZED_TESTS ${name})
  endif()
  if(ARG_LABELS MATCHES "concurrent")
    set_property(GLOBAL APPEND PROPERTY GENESIS_CONCURRENT_TESTS ${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "GENESIS_HOME=${CMAKE_SOURCE_DIR};${ARG_ENVIRONMENT}")
endfunction()
