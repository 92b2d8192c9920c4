// The HTTP boundary: a message however it is cut, as a request and as an answer. What is read must
// not depend on where the pieces end, and what was refused once must not pass in other pieces.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "genesis/net/http_wire.h"

namespace {

using genesis::net::BodyEnd;
using genesis::net::HttpParser;

struct Read {
  bool refused = false;
  bool whole = false;
  std::string head;
  std::string body;

  bool operator==(const Read&) const = default;
};

std::string describe(const HttpParser& parser, HttpParser::Reads what) {
  std::string text;
  if (what == HttpParser::Reads::requests) {
    const auto& head = parser.request();
    text = head.method + " " + head.target + (head.keep_alive ? " k" : " c");
    for (const auto& [name, value] : head.headers) text += "\n" + name + ": " + value;
  } else {
    const auto& head = parser.answer();
    text = std::to_string(head.status) + (head.keep_alive ? " k" : " c");
    for (const auto& [name, value] : head.headers) text += "\n" + name + ": " + value;
  }
  return text;
}

/// Reads as a connection does: what was not used stays in front of what comes next.
Read read(std::string_view bytes, std::size_t piece, HttpParser::Reads what) {
  HttpParser parser(what);
  Read read;
  std::string held;
  bool in_body = false;
  std::array<char, 61> room;
  while (true) {
    if (!in_body) {
      const auto used = parser.head(held);
      if (!used) {
        read.refused = true;
        return read;
      }
      if (*used > held.size()) std::abort();
      if (*used > 0) {
        in_body = true;
        read.head = describe(parser, what);
        held.erase(0, *used);
      }
    }
    while (in_body && !parser.body_done()) {
      const auto step = parser.body(held, room.data(), room.size());
      if (!step) {
        read.refused = true;
        return read;
      }
      if (step->used > held.size() || step->written > room.size()) std::abort();
      held.erase(0, step->used);
      read.body.append(room.data(), step->written);
      if (step->used == 0 && step->written == 0) break;
    }
    if (in_body && parser.body_done()) {
      read.whole = true;
      return read;
    }
    if (bytes.empty()) return read;
    const auto next = bytes.substr(0, piece);
    held += next;
    bytes.remove_prefix(next.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto what : {HttpParser::Reads::requests, HttpParser::Reads::answers}) {
    const Read at_once = read(bytes, size + 1, what);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
      const Read cut = read(bytes, piece, what);
      if (cut.whole != at_once.whole) std::abort();
      if (cut.whole && !(cut == at_once)) std::abort();
      if (at_once.refused && !cut.refused) std::abort();
    }
  }
  return 0;
}
