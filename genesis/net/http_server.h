#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/base/clock.h"
#include "genesis/base/error.h"
#include "genesis/net/http_request.h"
#include "genesis/net/http_wire.h"

namespace genesis::net {

class HttpConnection;

/// What an answer says before its body. Content-Length, Transfer-Encoding and Connection are ours.
struct HttpReplyHead {
  int status = 200;
  Headers headers;
  /// For begin_reply(): how long the body will be; none: chunks. reply() sets it itself.
  std::optional<std::uint64_t> content_length;

  HttpReplyHead() = default;  // Crosses awaits: not an aggregate (g++ 12).
  explicit HttpReplyHead(int code) : status(code) {}
  HttpReplyHead(int code, Headers fields) : status(code), headers(std::move(fields)) {}
};

/// How a client went while its answer was on the way.
enum class PeerEnd {
  half_closed,  ///< It sends no more, and may still read: HTTP/1.0 style, or gone without a reset.
  gone,         ///< The connection is broken; nothing that is written arrives.
};

/// A connection as it is, for what is not HTTP after the head (WebSocket, splice).
using BareSocket = boost::asio::generic::stream_protocol::socket;

/// One request and its one answer. Given to the handler, which answers exactly once; one that does
/// not gets a 500 in its place. On the loop's thread. After an error of any call the connection is
/// closed when the handler returns. Errors: `io` (the connection broke), `timeout`, `parse` (a body
/// that is none), `internal` (called in the wrong order).
class HttpExchange {
 public:
  explicit HttpExchange(HttpConnection& connection) : connection_(connection) {}
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  const HttpRequestHead& request() const;

  /// The next bytes of the request's body; 0 is its end. A client that waits for 100-continue gets
  /// it with the first call.
  boost::asio::awaitable<Result<std::size_t>> read_body(char* to, std::size_t size);
  /// Error `invalid_argument` when the body is longer than `limit`: answer 413.
  boost::asio::awaitable<Result<std::string>> read_whole_body(std::size_t limit);
  BodyEnd body_end() const;
  /// Bytes of the body still to be read, where the client said how many.
  std::uint64_t body_left() const;

  /// A whole answer. Always with a Content-Length, but for 204 and 304.
  boost::asio::awaitable<Status> reply(HttpReplyHead head, std::string body);
  /// The head of an answer whose body follows by write() or send_file(), ended by end_reply().
  boost::asio::awaitable<Status> begin_reply(HttpReplyHead head);
  /// `first` is the body's first piece, which goes with the head.
  boost::asio::awaitable<Status> begin_reply(HttpReplyHead head, std::string first);
  /// Sent before it returns; one chunk where there is no Content-Length. `piece` must stay.
  boost::asio::awaitable<Status> write(std::string_view piece);
  /// From a regular file, by sendfile where the body has a known length.
  boost::asio::awaitable<Status> send_file(int fd, std::uint64_t offset, std::uint64_t length);
  boost::asio::awaitable<Status> end_reply();
  /// `last` is the body's last piece, which goes with the end.
  boost::asio::awaitable<Status> end_reply(std::string last);
  /// An interim answer (1xx) as it is, or the 101 after which bare_socket() is used.
  boost::asio::awaitable<Status> send_interim(HttpReplyHead head);

  /// Go with this request's answer besides those of its head, whoever writes that. Not with interim
  /// answers.
  void add_headers(Headers headers);
  bool reply_begun() const;

  /// Calls `told` on the loop when the client closes while the answer is on the way: at most once
  /// for each PeerEnd, not after the handler's return. The request's body must have been read.
  void on_peer_end(std::function<void(PeerEnd)> told);

  /// The socket itself, for bodies that move from descriptor to descriptor and for what follows an
  /// upgrade. Whoever uses it says so: body_moved() and sent() for bodies of a known length;
  /// take_over() when no HTTP follows: the connection is closed when the handler returns.
  BareSocket& bare_socket();
  /// Bytes that came already and belong to the body (or, after take_over(), to whatever follows).
  std::string take_buffered();
  void body_moved(std::uint64_t count);
  /// So many bytes of an answer with a Content-Length were written to bare_socket().
  void sent(std::uint64_t count);
  void take_over();
  /// The connection is closed after this answer.
  void close_after();
  /// The rest of the request's body is not wanted: a read that waits ends with `cancelled`, and the
  /// connection, which is closed after this answer, is still good for that.
  void stop_reading();

 private:
  HttpConnection& connection_;
};

using HttpHandler = std::function<boost::asio::awaitable<void>(HttpExchange&)>;

/// What one client may use up.
struct HttpLimits {
  std::size_t head_bytes = 64u << 10;
  Millis head_deadline{10'000};  ///< From a head's first byte to its last.
  Millis body_idle{120'000};     ///< Without a byte of a request's body.
  Millis write_idle{640'000};    ///< Without the client taking a byte of the answer.
  Millis keep_alive{640'000};    ///< Between requests; more than clients keep theirs.
  std::size_t connections =
      20'000;  ///< Beyond, idle ones make room; without any, nobody is let in.
  std::size_t idle_connections = 10'000;  ///< Beyond, the one idle for longest is closed.
};

/// Serves HTTP/1.1 on stream sockets: TCP and Unix. Each connection is a coroutine on the loop of
/// `io`; requests of one connection are handled one after the other (pipelining included). All on
/// the loop's thread, or before it runs.
class HttpServer {
 public:
  HttpServer(boost::asio::io_context& io, HttpHandler handler, HttpLimits limits = {});
  /// Closes what is open and cancels handlers, which end when the loop next runs: whatever they use
  /// must live until then. Better: await stop() before.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens on an address (not a name); port 0 takes a free one. Returns the port. Errors: `io`,
  /// with what to do when the port is taken; `invalid_argument`.
  Result<std::uint16_t> listen_tcp(const std::string& address, std::uint16_t port);
  /// Accepts on a descriptor that listens already, TCP or Unix; owns it from then on.
  Status adopt(int listening_fd);
  /// Serves one connection that somebody else has made; owns the descriptor from then on.
  void serve(int connected_fd);

  /// No new connections; idle ones are closed; the others have until `deadline` to end their
  /// answer, then their handlers are cancelled. Returns when the last has gone.
  boost::asio::awaitable<void> stop(std::chrono::steady_clock::time_point deadline);

  std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace genesis::net
