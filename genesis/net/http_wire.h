#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/net/http_request.h"

namespace genesis::net {

/// What a request says before its body, as it stood on the wire.
struct HttpRequestHead {
  std::string method;
  std::string target;     ///< As sent: nothing decoded.
  unsigned version = 11;  ///< 10 or 11.
  Headers headers;        ///< In order, repeated ones included.
  bool keep_alive = true;
  std::optional<std::uint64_t> content_length;  ///< None with a chunked body, or without one.

  /// The first value of a header, whatever the case of its name; null when it is not there.
  const std::string* find(std::string_view name) const;
};

/// What an answer says before its body.
struct HttpAnswerHead {
  int status = 0;
  unsigned version = 11;
  Headers headers;
  bool keep_alive = true;
  std::optional<std::uint64_t> content_length;

  const std::string* find(std::string_view name) const;
};

/// The first value of a header, whatever the case of its name; null when it is not there.
const std::string* find_header(const Headers& headers, std::string_view name);

/// How the end of a body is known.
enum class BodyEnd { none, length, chunks, close };

/// Reads one HTTP/1.1 message from bytes that arrive in pieces: no socket, no clock. Beast parses;
/// what Beast lets pass and other servers understand differently is refused before: a bare CR or
/// LF, folded headers, a space before a colon, both lengths, lengths that differ, a body that ends
/// in nothing but "chunked". One thread.
class HttpParser {
 public:
  enum class Reads { requests, answers };
  explicit HttpParser(Reads what);
  HttpParser(HttpParser&&) noexcept;
  HttpParser& operator=(HttpParser&&) noexcept;
  ~HttpParser();

  /// Looks for a whole head at the beginning of `bytes`, which are all that came and was not used.
  /// Returns how many it takes, or 0 when more must come. Errors: `parse` (not HTTP, or ambiguous),
  /// `unsupported` (a version or a transfer coding that is not served).
  Result<std::size_t> head(std::string_view bytes);

  const HttpRequestHead& request() const;
  const HttpAnswerHead& answer() const;

  /// For an answer to HEAD, before body(): it has none, whatever its head says.
  void expect_no_body();
  BodyEnd body_end() const;
  /// Bytes of the body still to come where the end is a length.
  std::uint64_t body_left() const;
  bool body_done() const;

  struct Step {
    std::size_t used = 0;     ///< Of the bytes given.
    std::size_t written = 0;  ///< To the place given.
  };
  /// Moves what is body from `bytes` to `to`. Nothing used and nothing written: more must come.
  /// Errors: `parse` (chunks that are none).
  Result<Step> body(std::string_view bytes, char* to, std::size_t size);
  /// So many bytes of a body with a length went another way.
  void body_moved(std::uint64_t count);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The text of an answer's head, up to the empty line. `content_length` none: chunks, or, where
/// `version` is 10, until the connection closes. Errors: a header that must not be sent.
Result<std::string> answer_head_text(int status, const Headers& headers,
                                     std::optional<std::uint64_t> content_length, unsigned version,
                                     bool keep_alive);
/// "Not Found", or "Status" for one that has no name.
std::string_view reason_of(int status);

}  // namespace genesis::net
