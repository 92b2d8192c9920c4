#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"

namespace genesis::launch::e2b {

/// One message of a Connect stream as a client sends it: flags, length (four bytes, big endian),
/// payload. Pure; any thread.
std::string to_envelope(std::string_view payload);

/// A message that came. `last`: the stream's end, whose payload says how it ended.
struct Envelope {
  bool last = false;
  std::string payload;
};

/// Takes the bytes of a Connect stream apart as they come, cut anywhere. One thread.
class EnvelopeReader {
 public:
  explicit EnvelopeReader(std::size_t max_payload) : max_payload_(max_payload) {}

  /// Where bytes are appended as they come.
  std::string& input() { return input_; }
  /// The next whole message, if it is here. Errors (`parse`): longer than allowed, compressed
  /// (which nobody asked for). After an error nothing more comes.
  Result<std::optional<Envelope>> next();

 private:
  std::size_t max_payload_;
  std::string input_;
  std::size_t used_ = 0;
};

}  // namespace genesis::launch::e2b
