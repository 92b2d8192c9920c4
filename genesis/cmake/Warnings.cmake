# Linked privately by every target of ours; errors only in the development presets and CI.
add_library(genesis_warnings INTERFACE)
target_compile_options(genesis_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  # Both fire falsely with g++ 12: on Asio's coroutine frame allocator, and on moved std::variants.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
if(GENESIS_WERROR)
  target_compile_options(genesis_warnings INTERFACE -Werror)
endif()
