#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "genesis/base/fd.h"
#include "genesis/net/http_client.h"
#include "launch/e2b/provider.h"

/// Bodies that are packed on their way. On the loop's thread, which others have between pieces.
namespace genesis::launch::e2b {

/// What an open file holds, packed, in a file without a name, from its beginning. `what` says
/// operation and object. Errors: `local_io`.
Awaitable<Outcome<Fd>> packed_file(int from, std::string what);

/// Hands an answer's body, unpacked, to `sink` in pieces; at most `limit` bytes, whatever they were
/// packed to. `idle`: without a byte for so long, `deadline`. Returns the bytes. Errors:
/// `too_large`; `broken` (no gzip, cut short); `local_io` (what the sink says); the connection's.
Awaitable<Outcome<std::uint64_t>> unpacked_answer(net::HttpAnswer& answer, std::uint64_t limit,
                                                  std::chrono::milliseconds idle,
                                                  std::function<Status(std::string_view)> sink,
                                                  std::string what);

}  // namespace genesis::launch::e2b
