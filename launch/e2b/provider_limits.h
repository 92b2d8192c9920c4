#pragma once

#include <chrono>
#include <cstddef>

namespace genesis::launch::e2b {

/// How long calls may take, and how much is taken in.
struct ProviderLimits {
  std::chrono::milliseconds request{60'000};  ///< A call and its answer; waits for 429s included.
  /// A stream's agent says that it is alive every 50 s; silent for so long, it is cut.
  std::chrono::milliseconds stream_silence{130'000};
  std::chrono::milliseconds transfer_silence{60'000};  ///< A file on its way, without a byte.
  std::chrono::milliseconds probe{5'000};  ///< Whether a sandbox whose stream was cut is there.
  int rate_limit_tries = 4;  ///< 429 with Retry-After: so often in all. 1: told at once.
  int create_tries = 4;      ///< The same for create().
  std::size_t answer_bytes = 64u << 20;  ///< The most of a JSON answer.
  std::size_t connections = 1024;        ///< To one address.
};

}  // namespace genesis::launch::e2b
