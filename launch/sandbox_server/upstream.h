#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "genesis/base/clock.h"
#include "genesis/net/http_server.h"

namespace genesis::sandbox_server {

/// Nothing is cut that the SDKs' streams keep open: their pings come every 50 s, E2B's own proxies
/// cut at 610 s.
inline constexpr Millis kBodyIdle{650'000};

/// A connection of ours to what listens in a sandbox. On the loop's thread.
class Upstream {
 public:
  explicit Upstream(boost::asio::io_context& io) : socket(io), watchdog_(io) {}
  ~Upstream() { *alive_ = false; }
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  boost::asio::awaitable<Status> connect(std::filesystem::path unix_socket);
  /// A port of the loopback addresses, IPv4 first.
  boost::asio::awaitable<Status> connect(std::uint16_t port);
  boost::asio::awaitable<Status> send(std::string_view bytes);
  /// More bytes behind those that are buffered; error `io` at the end or when it broke.
  boost::asio::awaitable<Status> receive();
  std::string_view buffered() const { return {in_.data() + begin_, end_ - begin_}; }
  void use(std::size_t count) { begin_ += count; }

  /// Whether a connection that waited in the pool still stands.
  bool is_alive();
  /// Ends whatever waits for it.
  void cut();
  void cut_after(Millis time);
  bool was_cut() const { return cut_; }

  net::BareSocket socket;
  /// Its answer has no length of its own: it ends when the one who asked or the sandbox wants.
  bool streams = false;

 private:
  boost::asio::awaitable<Status> connect_to(net::BareSocket::endpoint_type endpoint);

  std::vector<char> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool cut_ = false;
  boost::asio::steady_timer watchdog_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Moves up to `count` bytes from socket to socket through a pipe, so that they never enter this
/// process; fewer when `from` ends. `idle`: without a byte, the wait ends with `timeout`. Errors:
/// `io`, with which side broke. On the loop's thread.
boost::asio::awaitable<Result<std::uint64_t>> splice_bytes(net::BareSocket& from,
                                                           net::BareSocket& to, std::uint64_t count,
                                                           Millis idle);

}  // namespace genesis::sandbox_server
