#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/fd.h"

namespace genesis::bench {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// An HTTP/1.1 client that adds as little as can be: one blocking connection over loopback, kept
/// for one request after the other. Throws std::runtime_error where the server breaks off, is
/// silent for 30 s, or answers what it does not understand. One thread at a time.
class BareHttp {
 public:
  explicit BareHttp(std::uint16_t port);

  /// One request with its whole answer: status and body.
  std::pair<int, std::string> ask(std::string_view method, std::string_view target,
                                  const Headers& headers = {}, std::string_view body = {});

  /// The same in steps, for bodies that are streams. After send_head(), `length` bytes by
  /// send_body(); then read_head(), then read_piece() until it says that there is no more.
  void send_head(std::string_view method, std::string_view target, const Headers& headers,
                 std::size_t length, std::string_view first_of_body = {});
  void send_body(std::string_view bytes);
  int read_head();
  /// Bytes of the answer's body as they come, good until the next call; nothing: it has ended.
  std::optional<std::string_view> read_piece();

 private:
  void receive();
  std::string_view rest() const { return {buffer_.data() + begin_, end_ - begin_}; }
  std::string read_line();
  void next_chunk();

  Fd fd_;
  std::vector<char> buffer_;  ///< Of one size; from begin_ to end_ is what was not handed out yet.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t left_ = 0;  ///< Of the body, or of its chunk.
  bool chunked_ = false;
  bool chunk_open_ = false;
};

}  // namespace genesis::bench
