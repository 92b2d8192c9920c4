# Boost must be 1.81 or newer: Debian 12's default is 1.74, whose Asio lacks what we use.
# Debian's python3-scipy pulls the 1.74 headers; the two exclude each other, so SciPy comes from a
# virtual environment (setup.sh makes it).
find_package(Boost 1.81 CONFIG QUIET)
if(NOT Boost_FOUND)
  message(FATAL_ERROR
    "Boost 1.81 or newer was not found.\n"
    "  On Debian 12:  apt-get install libboost1.81-dev   (removes Debian's python3-scipy; use pip's)\n"
    "  On Debian 13:  apt-get install libboost-dev libboost-url-dev\n"
    "  Or unpack the package into a prefix and pass -DCMAKE_PREFIX_PATH=<prefix>/usr\n"
    "  ./setup.sh build does the first of these.")
endif()
# What Genesis::genesis needs of Boost beside its headers: see genesis/net/CMakeLists.txt.
set(GENESIS_BOOST_COMPONENTS "")
if(Boost_VERSION VERSION_GREATER_EQUAL 1.82)
  find_package(Boost 1.82 CONFIG REQUIRED COMPONENTS url)
  set(GENESIS_BOOST_COMPONENTS "COMPONENTS url")
endif()
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(TBB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)

add_library(genesis_asio INTERFACE)
target_link_libraries(genesis_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(genesis_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)

add_library(genesis_json INTERFACE)
target_link_libraries(genesis_json INTERFACE nlohmann_json::nlohmann_json)
target_compile_definitions(genesis_json INTERFACE JSON_USE_IMPLICIT_CONVERSIONS=0)
