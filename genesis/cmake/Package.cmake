# cmake -DBUILD=build/release -DVERSION=0.1.0 -DARCH=x86_64 -P Package.cmake
# Makes BUILD/package/genesis-VERSION-linux-ARCH.tar.gz from what is built: programs, data, and every
# shared library they need but glibc. It may be unpacked anywhere, by anybody.
set(name "genesis-${VERSION}-linux-${ARCH}")
set(stage "${BUILD}/package/${name}")
file(REMOVE_RECURSE "${stage}")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "making the package failed at '${ARGN}':\n${text}")
  endif()
endfunction()

foreach(component programs data bundled)
  run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${stage}" --component ${component} --strip)
endforeach()

# The oldest glibc that has every symbol version the files ask for.
set(oldest 2.17)
file(GLOB binaries "${stage}/bin/*" "${stage}/lib/*")
foreach(binary ${binaries})
  execute_process(COMMAND objdump -T "${binary}" OUTPUT_VARIABLE symbols ERROR_QUIET)
  string(REGEX MATCHALL "GLIBC_[0-9]+\\.[0-9]+" versions "${symbols}")
  list(REMOVE_DUPLICATES versions)
  foreach(version ${versions})
    string(REPLACE "GLIBC_" "" version ${version})
    if(version VERSION_GREATER oldest)
      set(oldest ${version})
    endif()
  endforeach()
endforeach()
file(WRITE "${stage}/share/genesis/PACKAGE"
  "name=${name}\nglibc=${oldest}\nkernel=5.4\n")

# The terms of what is linked into the programs or copied beside them, where Debian keeps them.
file(GLOB terms "/usr/share/doc/libboost1.8*-dev/copyright" "/usr/share/doc/libstdc++6/copyright")
foreach(library cli11 dtl expected fmt spdlog sqlite3 sqlitecpp ssl tbb xxhash yaml-cpp)
  file(GLOB found "/usr/share/doc/lib${library}-dev/copyright")
  list(APPEND terms ${found})
endforeach()
file(GLOB found "/usr/share/doc/nlohmann-json3-dev/copyright" "/usr/share/doc/zlib1g-dev/copyright")
list(APPEND terms ${found})
foreach(file ${terms})
  cmake_path(GET file PARENT_PATH folder)
  cmake_path(GET folder FILENAME package)
  configure_file("${file}" "${stage}/share/genesis/licenses/${package}" COPYONLY)
endforeach()

run(tar -C "${BUILD}/package" --sort=name --owner=0 --group=0 --numeric-owner
  -czf "${stage}.tar.gz" "${name}")
message(STATUS "${stage}.tar.gz (needs glibc ${oldest} or newer and a kernel of 5.4 or newer)")
