# Linked privately by every target of ours; errors only in the development presets and CI.
add_library(genesis_warnings INTERFACE)
target_compile_options(genesis_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  # Fires falsely on Asio's coroutine frame allocator with g++ 12.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
if(GENESIS_WERROR)
  target_compile_options(genesis_warnings INTERFACE -Werror)
endif()
