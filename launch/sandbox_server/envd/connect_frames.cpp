#include "launch/sandbox_server/envd/connect_frames.h"

#include <utility>

namespace genesis::envd {

namespace {

constexpr std::size_t kHeadBytes = 5;

}  // namespace

std::string to_frame(std::string_view payload, std::uint8_t flags) {
  const auto length = static_cast<std::uint32_t>(payload.size());
  std::string frame;
  frame.reserve(kHeadBytes + payload.size());
  frame += static_cast<char>(flags);
  for (const unsigned shift : {24u, 16u, 8u, 0u})
    frame += static_cast<char>(length >> shift & 0xff);
  frame += payload;
  return frame;
}

std::string end_of_stream() {
  return to_frame("{}", kEndOfStreamFlag);
}

std::string end_of_stream(const RpcError& error) {
  return to_frame("{\"error\":" + error_json(error) + "}", kEndOfStreamFlag);
}

RpcResult<std::optional<Frame>> FrameReader::next() {
  if (buffer_.size() < kHeadBytes) return std::nullopt;
  const auto flags = static_cast<std::uint8_t>(buffer_[0]);
  std::uint32_t length = 0;
  for (std::size_t i = 1; i < kHeadBytes; ++i) {
    length = length << 8 | static_cast<unsigned char>(buffer_[i]);
  }
  if (length > max_payload_) {
    return rpc_error(RpcCode::resource_exhausted, "a message of " + std::to_string(length) +
                                                      " bytes is larger than allowed (" +
                                                      std::to_string(max_payload_) + ")");
  }
  if ((flags & kCompressedFlag) != 0) {
    return rpc_error(RpcCode::unimplemented, "a compressed message, but no compression was agreed");
  }
  if (buffer_.size() < kHeadBytes + length) return std::nullopt;
  Frame frame{flags, buffer_.substr(kHeadBytes, length)};
  buffer_.erase(0, kHeadBytes + length);
  return std::optional<Frame>(std::move(frame));
}

RpcResult<std::string> single_frame(std::string_view body, std::size_t max_payload) {
  FrameReader reader(max_payload);
  reader.append(body);
  auto first = reader.next();
  if (!first) return tl::unexpected<RpcError>(std::move(first.error()));
  if (!*first) return rpc_error(RpcCode::invalid_argument, "the request holds no whole message");
  if (((*first)->flags & kEndOfStreamFlag) != 0) {
    return rpc_error(RpcCode::invalid_argument, "the request ends before its message");
  }
  auto second = reader.next();
  if (!second) return tl::unexpected<RpcError>(std::move(second.error()));
  // Some clients end their one message by an end-of-stream envelope.
  if (*second && ((*second)->flags & kEndOfStreamFlag) == 0) {
    return rpc_error(RpcCode::invalid_argument, "the request holds more than one message");
  }
  if (reader.has_rest()) {
    return rpc_error(RpcCode::invalid_argument, "bytes follow the request's message");
  }
  return std::move((*first)->payload);
}

}  // namespace genesis::envd
