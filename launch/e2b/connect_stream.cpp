#include "launch/e2b/connect_stream.h"

#include <fmt/format.h>

namespace genesis::launch::e2b {
namespace {

constexpr std::size_t kHeadBytes = 5;
constexpr unsigned kCompressed = 0x01;
constexpr unsigned kLast = 0x02;
/// A buffer that a large message left behind is given back; what waits is small.
constexpr std::size_t kKeptBuffer = 8u << 10;

}  // namespace

std::string to_envelope(std::string_view payload) {
  std::string envelope;
  envelope.reserve(kHeadBytes + payload.size());
  envelope += '\0';
  for (const unsigned shift : {24u, 16u, 8u, 0u}) {
    envelope += static_cast<char>(payload.size() >> shift & 0xff);
  }
  envelope += payload;
  return envelope;
}

Result<std::optional<Envelope>> EnvelopeReader::next() {
  const std::string_view rest = std::string_view(input_).substr(used_);
  if (rest.size() >= kHeadBytes) {
    const unsigned flags = static_cast<unsigned char>(rest[0]);
    std::size_t length = 0;
    for (std::size_t i = 1; i < kHeadBytes; ++i) {
      length = length << 8 | static_cast<unsigned char>(rest[i]);
    }
    if (length > max_payload_) {
      return make_error(ErrorKind::parse, fmt::format("a message of {} bytes in a stream; {} are "
                                                      "the most",
                                                      length, max_payload_));
    }
    if ((flags & kCompressed) != 0) {
      return make_error(ErrorKind::parse, "a compressed message, which nobody asked for");
    }
    if (rest.size() >= kHeadBytes + length) {
      Envelope envelope;
      envelope.last = (flags & kLast) != 0;
      envelope.payload = rest.substr(kHeadBytes, length);
      used_ += kHeadBytes + length;
      return std::optional<Envelope>(std::move(envelope));
    }
  }
  // Nothing whole is left: what was read goes, before more comes.
  if (used_ > 0) {
    if (rest.size() < kKeptBuffer && input_.capacity() > kKeptBuffer) {
      input_ = std::string(rest);
    } else {
      input_.erase(0, used_);
    }
    used_ = 0;
  }
  return std::optional<Envelope>();
}

}  // namespace genesis::launch::e2b
