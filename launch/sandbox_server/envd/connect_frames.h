#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "launch/sandbox_server/envd/rpc_error.h"

namespace genesis::envd {

constexpr std::uint8_t kCompressedFlag = 0x01;
constexpr std::uint8_t kEndOfStreamFlag = 0x02;

/// One envelope of a Connect stream: flags, length (four bytes, big endian), payload.
std::string to_frame(std::string_view payload, std::uint8_t flags = 0);
/// The envelope that ends a stream: `{}`, or the error.
std::string end_of_stream();
std::string end_of_stream(const RpcError& error);

struct Frame {
  std::uint8_t flags = 0;
  std::string payload;
};

/// Takes a request's bytes apart as they come. One thread.
class FrameReader {
 public:
  explicit FrameReader(std::size_t max_payload) : max_payload_(max_payload) {}

  void append(std::string_view bytes) { buffer_.append(bytes); }
  /// The next whole envelope, if it is here. Errors: `resource_exhausted` (longer than allowed),
  /// `unimplemented` (compressed: never negotiated). After an error nothing more comes.
  RpcResult<std::optional<Frame>> next();
  /// Whether bytes of an envelope are here that has not come whole.
  bool has_rest() const { return !buffer_.empty(); }

 private:
  std::size_t max_payload_;
  std::string buffer_;
};

/// The only envelope of a request to a server-streaming method. Errors: `invalid_argument` when
/// there is none, more than one, or a torn one.
RpcResult<std::string> single_frame(std::string_view body, std::size_t max_payload);

}  // namespace genesis::envd
