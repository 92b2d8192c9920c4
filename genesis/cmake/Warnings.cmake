# Linked privately by every target of ours; errors only in the development presets and CI.
add_library(genesis_warnings INTERFACE)
target_compile_options(genesis_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  # All three fire falsely with g++ 12: on Asio's coroutine frame allocator, on moved std::variants,
  # and on a literal added to a string (PR 105329).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(GENESIS_WERROR)
  target_compile_options(genesis_warnings INTERFACE -Werror)
endif()
