#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/net/http_request.h"
#include "genesis/net/http_wire.h"

namespace genesis::net {

/// A part of an open regular file. The descriptor stays its owner's, who keeps it open.
struct FilePart {
  int fd = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// One request. Host, Content-Length and User-Agent are set by us; a User-Agent among the headers
/// goes before ours. Its body: `body`, then `file`, then `after_file`.
struct HttpCall {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  std::optional<FilePart> file;
  std::string after_file;
  /// While the file goes out, it may take any time as long as the other side takes a byte within
  /// this; then the answer's head has this long at least. 0: the deadline alone counts.
  std::chrono::milliseconds file_idle{0};

  HttpCall() = default;  // Crosses awaits: not an aggregate (g++ 12).
  HttpCall(std::string verb, std::string where) : method(std::move(verb)), url(std::move(where)) {}
};

struct HttpClientLimits {
  std::chrono::milliseconds idle{300'000};    ///< A kept connection is closed then.
  std::size_t connections_per_origin = 256;   ///< Beyond, calls wait for one, in order.
  std::chrono::milliseconds connect{10'000};  ///< 0: only the call's deadline.
  int connect_tries = 1;                      ///< With a short pause between them.
  std::size_t head_bytes = 64u << 10;
  bool keep = true;  ///< Connections are used again.
};

/// A body that was read up to a limit.
struct BoundedBody {
  std::string text;
  bool truncated = false;  ///< There is more; it is not read.

  BoundedBody() = default;
};

struct StoredBody {
  std::uint64_t bytes = 0;
  bool truncated = false;

  StoredBody() = default;
};

/// An answer whose body is read as it comes. Move-only; destroying it before the body's end closes
/// the connection, which otherwise goes back for the next call. On the loop's thread; one read at a
/// time. The deadline of send() goes on for the body, until set_deadline().
///
/// Errors of the reads: `timeout`, `cancelled`, `parse` (chunks that are none), `unavailable` (the
/// connection ended in the middle).
class HttpAnswer {
 public:
  struct State;
  HttpAnswer();  ///< Only to be assigned to: co_spawn() wants results that are there before.
  explicit HttpAnswer(std::unique_ptr<State> state);
  HttpAnswer(HttpAnswer&&) noexcept;
  HttpAnswer& operator=(HttpAnswer&&) noexcept;
  ~HttpAnswer();

  const HttpAnswerHead& head() const;
  int status() const { return head().status; }

  void set_deadline(std::chrono::steady_clock::time_point when);
  /// The next bytes; 0 is the end.
  boost::asio::awaitable<Result<std::size_t>> read(char* to, std::size_t size);
  /// The same behind what `to` holds. While nothing comes, this keeps 2 KiB and no more.
  boost::asio::awaitable<Result<std::size_t>> append_to(std::string& to);
  /// All of it.
  boost::asio::awaitable<Result<BoundedBody>> whole(std::size_t limit);
  /// All of it into a file, behind its present position. `idle`: without a byte for so long,
  /// `timeout`; as long as some come, it may take any time. Errors: `io` of the file as well.
  boost::asio::awaitable<Result<StoredBody>> to_file(int fd, std::uint64_t limit,
                                                     std::chrono::milliseconds idle);
  bool body_done() const;

 private:
  std::unique_ptr<State> state_;
};

/// Sends requests over connections that are kept by origin (scheme, host and port) and used again,
/// one request at a time on each. TLS, certificates and proxies as http_request() has them. On the
/// loop of `io`, which must not run any more when answers outlive this.
class HttpClient {
 public:
  explicit HttpClient(boost::asio::io_context& io, HttpClientLimits limits = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Returns when the answer's head is here, whatever its status; redirects are not followed. A
  /// kept connection that turns out to be closed is replaced by a new one, once, where nothing of
  /// the request was sent or the method may be sent twice (GET, HEAD, PUT, DELETE).
  ///
  /// Errors: `invalid_argument` (URL, method, header), `timeout` (the deadline has passed),
  /// `unavailable` (no address, no connection, a certificate that is not accepted, a connection
  /// that broke), `parse` (what came is not HTTP), `cancelled`. They name the origin, never more.
  /// A terminal cancellation closes the connection.
  boost::asio::awaitable<Result<HttpAnswer>> send(HttpCall call,
                                                  std::chrono::steady_clock::time_point deadline);

  /// Connections that are open, idle ones included; those that are idle.
  std::size_t connections() const;
  std::size_t idle_connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace genesis::net
