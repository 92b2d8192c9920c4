#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "genesis/net/http_server.h"

namespace genesis::net {

class HttpConnection;

/// What a connection tells its server. On the loop's thread.
class HttpConnectionOwner {
 public:
  virtual ~HttpConnectionOwner() = default;
  virtual const HttpLimits& limits() const = 0;
  virtual const HttpHandler& handler() const = 0;
  virtual bool stopping() const = 0;
  /// Between requests, nothing to do; may close this or another one.
  virtual void became_idle(HttpConnection& connection) = 0;
  virtual void became_busy(HttpConnection& connection) = 0;
};

/// One client's connection: requests one after the other, each with a deadline for every wait. Not
/// for use outside genesis/net. On the loop's thread.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(BareSocket socket, HttpConnectionOwner& owner);

  /// Until the connection has ended.
  boost::asio::awaitable<void> run();
  /// Ends a wait that lasted too long.
  void check_deadline(std::chrono::steady_clock::time_point now);
  /// Closes the socket: whatever waits for it ends.
  void abort();
  bool idle() const { return idle_; }
  boost::asio::cancellation_signal& stop_signal() { return stop_signal_; }

  std::list<HttpConnection*>::iterator idle_place;  ///< The owner's, while idle.
  bool closing = false;                             ///< The owner's: idle and to be closed.

 private:
  friend class HttpExchange;
  using Deadline = std::chrono::steady_clock::time_point;

  /// A request's head; none: no request follows, or none that can be answered.
  boost::asio::awaitable<bool> next_request();
  boost::asio::awaitable<bool> wait_for_first_byte();
  boost::asio::awaitable<void> refuse(int status, std::string why);
  boost::asio::awaitable<void> handle();
  boost::asio::awaitable<bool> skip_rest_of_body();
  /// Says that no more is sent and reads what the client still sends, so that it sees the answer.
  boost::asio::awaitable<void> linger();

  /// More bytes into the buffer; false at the end or at an error (kept in `broken_`).
  boost::asio::awaitable<bool> fill();
  boost::asio::awaitable<Result<std::size_t>> read_body(char* to, std::size_t size);
  boost::asio::awaitable<Status> send(std::string head, std::string_view body);
  boost::asio::awaitable<Status> begin(HttpReplyHead head, std::string body, bool whole);
  boost::asio::awaitable<Status> write(std::string_view piece);
  boost::asio::awaitable<Status> send_file(int fd, std::uint64_t offset, std::uint64_t length);
  boost::asio::awaitable<Status> end_reply(std::string last);
  /// Adds a piece of the body as it goes over the wire. Errors: `internal` (too long).
  Status add_piece(std::string& to, std::string_view piece);
  boost::asio::awaitable<Status> send_continue();

  void watch_peer(std::function<void(PeerEnd)> told);
  void wait_for_peer(std::uint64_t turn);
  void wait_for_reset(std::uint64_t turn);
  void stop_watching();

  std::string_view buffered() const { return {in_.data() + begin_, end_ - begin_}; }
  void use(std::size_t count);
  void within(Millis time);
  void without_deadline() { deadline_.reset(); }
  tl::unexpected<Error> broken(const char* doing, const boost::system::error_code& failure);

  BareSocket socket_;
  HttpConnectionOwner& owner_;
  boost::asio::cancellation_signal stop_signal_;
  std::vector<char> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<Deadline> deadline_;
  std::optional<Deadline> body_deadline_;  ///< A body may come while its answer is sent.
  bool timed_out_ = false;
  bool idle_ = false;

  std::optional<HttpParser> parser_;
  Headers more_headers_;  ///< Of this request's answer.
  bool continue_due_ = false;
  bool body_unwanted_ = false;
  bool begun_ = false;
  bool over_ = false;
  bool keep_ = true;  ///< Another request may follow.
  bool taken_over_ = false;
  bool chunked_ = false;
  bool counted_ = false;    ///< The answer has a known length.
  bool bodiless_ = false;   ///< HEAD, 204, 304: the body is not sent.
  std::uint64_t left_ = 0;  ///< Of an answer with a known length.
  bool failed_ = false;

  std::function<void(PeerEnd)> peer_told_;
  std::uint64_t watch_turn_ = 0;
  bool watching_ = false;
};

}  // namespace genesis::net
