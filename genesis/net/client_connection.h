#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/net/tls_session.h"
#include "genesis/net/url.h"

namespace genesis::net {

/// What a client's connection is made to, and how.
struct Destination {
  Url url;                   ///< Its origin; the rest is not looked at.
  std::optional<Url> proxy;  ///< By CONNECT.
  /// Needed for https; may be shared by many.
  std::shared_ptr<boost::asio::ssl::context> tls;
  /// No answer to the attempt to connect for so long: `unavailable`, before the deadline.
  std::chrono::milliseconds connect_limit{0};  ///< 0: only the deadline.
};

using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

/// One connection of ours, TCP or TLS over it: bytes with a deadline, no HTTP. For use inside
/// genesis/net. On the loop's thread; kept by a shared_ptr. After an error it is of no more use.
///
/// Errors: `timeout` (the deadline has passed), `cancelled`, `unavailable` (anything else that
/// breaks it). They name the origin, never more.
class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(boost::asio::io_context& io, Destination destination);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  /// Up to the first byte of HTTP. `known`: addresses found before; looked up when empty, and left
  /// there.
  boost::asio::awaitable<Status> open(Endpoints& known);

  /// For all that follows; setting it later and later costs nothing.
  void set_deadline(std::chrono::steady_clock::time_point when);
  void no_deadline();

  boost::asio::awaitable<Status> write(std::string_view bytes);
  /// A part of a file: inside the kernel where there is no TLS. `idle` not 0: the deadline moves to
  /// that long after each piece, where that is later.
  boost::asio::awaitable<Status> write_file(int fd, std::uint64_t offset, std::uint64_t length,
                                            std::chrono::milliseconds idle);

  /// More bytes behind those that are buffered; false: the other side has ended. `most`: what the
  /// buffer may hold (error `parse` beyond).
  boost::asio::awaitable<Result<bool>> fill(std::size_t most);
  std::string_view buffered() const { return {in_.data() + begin_, end_ - begin_}; }
  void use(std::size_t count);
  /// Past the buffer, which must be empty; 0: the other side has ended.
  boost::asio::awaitable<Result<std::size_t>> read(char* to, std::size_t size);
  /// Gives back what the buffer grew to. Keeps what is in it.
  void shrink();

  /// Whether one that was idle can still be used: nothing came, nobody closed.
  bool stands();
  bool is_open() const { return socket().is_open(); }
  void close();
  std::string name() const { return destination_.url.origin(); }
  /// Bytes that write() gave to the other side.
  std::uint64_t written() const { return written_; }

  /// What this keeps in memory, its buffer included: for whoever counts.
  std::size_t footprint() const { return sizeof(*this) + in_.capacity(); }

 private:
  using Socket = boost::asio::ip::tcp::socket;

  const Socket& socket() const { return socket_; }
  boost::asio::awaitable<Status> look_up(Endpoints& known);
  boost::asio::awaitable<Status> connect(Endpoints& known);
  boost::asio::awaitable<Status> open_tunnel();
  boost::asio::awaitable<Status> agree_on_tls();
  boost::asio::awaitable<Status> write_file_copied(int fd, std::uint64_t offset,
                                                   std::uint64_t length,
                                                   std::chrono::milliseconds idle);
  void at_least(std::chrono::milliseconds idle);
  boost::asio::awaitable<Result<std::size_t>> read_some(char* to, std::size_t size);
  void make_room(std::size_t most);
  void arm(std::chrono::steady_clock::time_point when);
  tl::unexpected<Error> broken(const char* doing, const boost::system::error_code& failure) const;

  boost::asio::io_context& io_;
  Destination destination_;
  boost::asio::steady_timer looking_up_;
  Socket socket_;
  std::unique_ptr<TlsSession> tls_;
  std::vector<char> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t written_ = 0;

  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::chrono::steady_clock::time_point armed_for_ = std::chrono::steady_clock::time_point::max();
  std::uint64_t turn_ = 0;
  bool timed_out_ = false;
  bool slow_connect_ = false;
};

}  // namespace genesis::net
