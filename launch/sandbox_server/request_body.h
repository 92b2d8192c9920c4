#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "genesis/net/http_server.h"
#include "launch/sandbox_server/upstream.h"

namespace genesis::sandbox_server {

/// Passes a request's body on to what listens in a sandbox. A short one before its answer is looked
/// for; a longer one beside it: the program may answer while the client still sends, to refuse it
/// or because it answers piece by piece. On the loop's thread; exchange and upstream must outlive
/// it, and stop() must have been awaited after start().
class RequestBody {
 public:
  RequestBody(boost::asio::io_context& io, net::HttpExchange& exchange, Upstream& upstream);

  /// Returns when a short body has been sent, or when a longer one is on its way.
  boost::asio::awaitable<void> start();
  /// No more of it is sent from now on.
  boost::asio::awaitable<void> stop();

  /// All of it has been sent.
  bool whole() const { return over_ && !failure_; }
  /// What the client sent is no body (`parse`), or it went away: there is nothing to wait for.
  const std::optional<Error>& client_failure() const { return client_failure_; }
  /// Told once, when all has been sent; at once when that is so already.
  void when_whole(std::function<void()> told);

 private:
  boost::asio::awaitable<void> send_all();
  boost::asio::awaitable<bool> send_piece(std::string_view bytes);
  void ended();

  boost::asio::io_context& io_;
  net::HttpExchange& exchange_;
  Upstream& upstream_;
  bool over_ = false;
  bool failure_ = false;
  std::optional<Error> client_failure_;
  std::function<void()> told_;
  boost::asio::steady_timer end_;
};

}  // namespace genesis::sandbox_server
