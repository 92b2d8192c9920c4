#include "genesis/net/http_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <list>
#include <unordered_set>
#include <vector>

#include "genesis/base/fd.h"
#include "genesis/base/log.h"
#include "genesis/net/http_connection.h"

namespace genesis::net {
namespace {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using asio::use_awaitable;
using Protocol = asio::generic::stream_protocol;

constexpr Millis kLongestTick{1000};
constexpr Millis kShortestTick{5};

Millis tick_of(const HttpLimits& limits) {
  const Millis least =
      std::min({limits.head_deadline, limits.body_idle, limits.write_idle, limits.keep_alive});
  return std::clamp(least / 4, kShortestTick, kLongestTick);
}

}  // namespace

/// Shared with the coroutines of its connections and listeners, which end after the server.
struct HttpServer::Impl final : HttpConnectionOwner, std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& loop, HttpHandler handle, HttpLimits given)
      : io(loop), handle_(std::move(handle)), limits_(given), ticker(loop), changed(loop) {
    changed.expires_at(asio::steady_timer::time_point::max());
  }

  const HttpLimits& limits() const override { return limits_; }
  const HttpHandler& handler() const override { return handle_; }
  bool stopping() const override { return stopping_; }

  void became_idle(HttpConnection& connection) override {
    connection.idle_place = idle.insert(idle.end(), &connection);
    if (idle.size() > limits_.idle_connections) close_oldest_idle();
    if (full()) changed.cancel();  // Somebody who waits to be let in may take its place.
  }
  void became_busy(HttpConnection& connection) override {
    (connection.closing ? closing : idle).erase(connection.idle_place);
  }

  /// Takes effect later, on the loop.
  void close_oldest_idle() {
    if (idle.empty()) return;
    HttpConnection* const connection = idle.front();
    closing.splice(closing.end(), idle, connection->idle_place);
    connection->closing = true;
    connection->abort();
  }

  bool full() const { return all.size() >= limits_.connections; }

  asio::awaitable<void> wait_for_change() {
    Failure ignored;
    co_await changed.async_wait(asio::redirect_error(use_awaitable, ignored));
  }

  asio::awaitable<void> accept_all(std::size_t index) {
    const auto self = shared_from_this();
    const int listener = listeners[index]->native_handle();
    while (!stopping_) {
      Failure failure;
      co_await listeners[index]->async_wait(BareSocket::wait_read,
                                            asio::redirect_error(use_awaitable, failure));
      if (failure) break;
      while (full() && !stopping_) {
        close_oldest_idle();
        co_await wait_for_change();
      }
      if (stopping_) break;
      co_await accept_some(listener);
    }
  }

  asio::awaitable<void> accept_some(int listener) {
    for (int taken = 0; taken < 64 && !full(); ++taken) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        start(fd);
        continue;
      }
      if (errno == ECONNABORTED || errno == EINTR) continue;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log::warning("accept a connection: {}; idle ones are closed", ::strerror(errno));
        close_oldest_idle();
        asio::steady_timer pause(io, Millis{50});
        Failure ignored;
        co_await pause.async_wait(asio::redirect_error(use_awaitable, ignored));
      }
      co_return;
    }
  }

  void start(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    const int one = 1;
    if (address.ss_family != AF_UNIX) {
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    BareSocket socket(io, Protocol(address.ss_family, 0), fd);
    auto connection = std::make_shared<HttpConnection>(std::move(socket), *this);
    all.insert(connection);
    if (all.size() == 1) tick();
    HttpConnection& started = *connection;
    asio::co_spawn(
        io, started.run(),
        asio::bind_cancellation_slot(
            started.stop_signal().slot(),
            [self = shared_from_this(), connection = std::move(connection)](std::exception_ptr) {
              connection->abort();
              self->all.erase(connection);
              if (self->all.empty()) self->ticker.cancel();
              self->changed.cancel();
            }));
  }

  void tick() {
    ticker.expires_after(tick_of(limits_));
    ticker.async_wait([self = shared_from_this()](const Failure& stopped) {
      if (stopped || self->all.empty()) return;
      const auto now = std::chrono::steady_clock::now();
      for (const auto& connection : self->all) connection->check_deadline(now);
      self->tick();
    });
  }

  void stop_listening() {
    stopping_ = true;
    Failure ignored;
    for (const auto& listener : listeners) listener->close(ignored);
    changed.cancel();
    while (!idle.empty()) close_oldest_idle();
  }

  void cancel_all() {
    const std::vector<std::shared_ptr<HttpConnection>> open(all.begin(), all.end());
    for (const auto& connection : open) {
      connection->abort();
      connection->stop_signal().emit(asio::cancellation_type::terminal);
    }
  }

  asio::io_context& io;
  HttpHandler handle_;
  HttpLimits limits_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<asio::basic_socket_acceptor<Protocol>>> listeners;
  std::unordered_set<std::shared_ptr<HttpConnection>> all;
  std::list<HttpConnection*> idle;     ///< The one idle for longest first.
  std::list<HttpConnection*> closing;  ///< Was idle, its socket is closed.
  asio::steady_timer ticker;
  asio::steady_timer changed;  ///< Cancelled when a connection ends or becomes idle.
};

HttpServer::HttpServer(asio::io_context& io, HttpHandler handler, HttpLimits limits)
    : impl_(std::make_shared<Impl>(io, std::move(handler), limits)) {}

HttpServer::~HttpServer() {
  impl_->stop_listening();
  impl_->cancel_all();
  impl_->ticker.cancel();
}

Result<std::uint16_t> HttpServer::listen_tcp(const std::string& address, std::uint16_t port) {
  Failure failure;
  const auto where = asio::ip::make_address(address, failure);
  if (failure) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("listen on '{}': not an IP address", address));
  }
  const asio::ip::tcp::endpoint endpoint(where, port);
  Fd fd(::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int one = 1;
  const auto place = fmt::format("{}:{}", address, port);
  if (!fd) return errno_error("listen on", place, errno);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (::bind(fd.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
      ::listen(fd.get(), 4096) != 0) {
    const int cause = errno;
    auto error = errno_error("listen on", place, cause);
    if (cause == EADDRINUSE) {
      error.value().message += "; choose another port, or 0 for any free one";
    }
    return error;
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  GENESIS_TRY(adopt(fd.release()));
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

void HttpServer::serve(int connected_fd) {
  if (impl_->stopping() || impl_->full()) {
    Fd(connected_fd).reset();
    return;
  }
  impl_->start(connected_fd);
}

Status HttpServer::adopt(int listening_fd) {
  Fd fd(listening_fd);
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("descriptor {} is not a listening socket", listening_fd));
  }
  sockaddr_storage address{};
  size = sizeof address;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  auto listener = std::make_unique<asio::basic_socket_acceptor<Protocol>>(impl_->io);
  Failure failure;
  listener->assign(Protocol(address.ss_family, 0), fd.get(), failure);
  if (failure) return make_error(ErrorKind::io, "listen: " + failure.message());
  fd.release();
  listener->native_non_blocking(true, failure);
  impl_->listeners.push_back(std::move(listener));
  asio::co_spawn(impl_->io, impl_->accept_all(impl_->listeners.size() - 1),
                 [](std::exception_ptr) {});
  return {};
}

asio::awaitable<void> HttpServer::stop(std::chrono::steady_clock::time_point deadline) {
  const auto impl = impl_;
  impl->stop_listening();
  asio::steady_timer timer(impl->io, deadline);
  timer.async_wait([impl](const Failure& stopped) {
    if (!stopped) impl->cancel_all();
  });
  while (!impl->all.empty()) {
    co_await impl->wait_for_change();
    // One that became idle meanwhile ends by itself: next_request() looks at stopping().
  }
  timer.cancel();
}

std::size_t HttpServer::connections() const {
  return impl_->all.size();
}

}  // namespace genesis::net
