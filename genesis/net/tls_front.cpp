#include "genesis/net/tls_front.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

#include "genesis/base/clock.h"

namespace genesis::net {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using Failure = boost::system::error_code;

namespace {

constexpr auto kQuietly = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPiece = 16u << 10;  // One record of TLS at most; every idle client has two.
constexpr std::size_t kMostClients = 10'000;
/// Of a handshake, and of a client's last word.
constexpr Millis kPatience{10'000};

using Plain = asio::local::stream_protocol::socket;
using Secure = ssl::stream<asio::ip::tcp::socket>;

/// One client; its coroutines hold it.
struct Client {
  Client(asio::ip::tcp::socket socket, ssl::context& context)
      : secure(std::move(socket), context),
        plain(secure.get_executor()),
        timer(secure.get_executor()) {}

  void close() {
    Failure ignored;
    secure.lowest_layer().close(ignored);
    plain.close(ignored);
    timer.cancel();
  }
  /// Whatever still waits then ends.
  void close_after(Millis time, const std::shared_ptr<Client>& self) {
    timer.expires_after(time);
    timer.async_wait([self](const Failure& stopped) {
      if (!stopped) self->close();
    });
  }

  Secure secure;
  Plain plain;
  asio::steady_timer timer;
};

asio::awaitable<void> unpack(std::shared_ptr<Client> client) {
  std::array<char, kPiece> piece;
  for (;;) {
    const auto [failure, count] =
        co_await client->secure.async_read_some(asio::buffer(piece), kQuietly);
    if (failure == asio::error::eof) break;  // It said that it sends no more.
    if (failure) {
      client->close();  // Cut: the server must not take it for an end.
      co_return;
    }
    const auto bytes = asio::buffer(piece.data(), count);
    const auto [failed, wrote] = co_await asio::async_write(client->plain, bytes, kQuietly);
    static_cast<void>(wrote);
    if (failed) break;
  }
  Failure ignored;
  client->plain.shutdown(Plain::shutdown_send, ignored);
}

asio::awaitable<void> pack(std::shared_ptr<Client> client) {
  std::array<char, kPiece> piece;
  for (;;) {
    const auto [failure, count] =
        co_await client->plain.async_read_some(asio::buffer(piece), kQuietly);
    if (failure && failure != asio::error::eof) {
      client->close();
      co_return;
    }
    if (failure) break;
    const auto bytes = asio::buffer(piece.data(), count);
    const auto [failed, wrote] = co_await asio::async_write(client->secure, bytes, kQuietly);
    static_cast<void>(wrote);
    if (failed) break;
  }
  client->close_after(kPatience, client);
  const auto [ignored] = co_await client->secure.async_shutdown(kQuietly);
  static_cast<void>(ignored);
  client->close();
}

}  // namespace

struct TlsFront::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& loop, std::function<void(int)> give)
      : io(loop), serve(std::move(give)), context(ssl::context::tls_server), acceptor(loop) {}

  asio::awaitable<void> accept_all() {
    const auto self = shared_from_this();
    while (acceptor.is_open()) {
      auto [failure, socket] = co_await acceptor.async_accept(kQuietly);
      if (failure == asio::error::operation_aborted) co_return;
      if (failure || clients >= kMostClients) {
        // Out of descriptors, or a crowd: a moment, and those that are there go on.
        asio::steady_timer pause(io, Millis{50});
        const auto [ignored] = co_await pause.async_wait(kQuietly);
        static_cast<void>(ignored);
        continue;
      }
      asio::co_spawn(io, welcome(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> welcome(asio::ip::tcp::socket socket) {
    const auto self = shared_from_this();
    Failure ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    const auto client = std::make_shared<Client>(std::move(socket), context);
    ++clients;
    client->close_after(kPatience, client);
    const auto [failure] =
        co_await client->secure.async_handshake(ssl::stream_base::server, kQuietly);
    client->timer.cancel();
    int ends[2];
    if (failure || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends)) {
      client->close();
      --clients;
      co_return;
    }
    client->plain.assign(asio::local::stream_protocol(), ends[0]);
    if (acceptor.is_open()) {
      serve(ends[1]);
    } else {
      ::close(ends[1]);
    }
    asio::co_spawn(io, unpack(client), asio::detached);
    co_await pack(client);
    --clients;
  }

  asio::io_context& io;
  std::function<void(int)> serve;
  ssl::context context;
  asio::ip::tcp::acceptor acceptor;
  std::size_t clients = 0;
};

TlsFront::TlsFront(asio::io_context& io, std::function<void(int)> serve)
    : impl_(std::make_shared<Impl>(io, std::move(serve))) {}

TlsFront::~TlsFront() {
  Failure ignored;
  impl_->acceptor.close(ignored);
}

Status TlsFront::load(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  ssl::context& context = impl_->context;
  ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  Failure failure;
  context.use_certificate_chain_file(certificate.string(), failure);
  if (failure) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("read the certificate '{}': {}; a PEM file with those that it "
                                  "rests on",
                                  certificate.string(), failure.message()));
  }
  context.use_private_key_file(key.string(), ssl::context::pem, failure);
  if (failure || ::SSL_CTX_check_private_key(context.native_handle()) != 1) {
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("read the key '{}': {}; a PEM file, not encrypted, of the "
                    "certificate '{}'",
                    key.string(), failure ? failure.message() : "it is another certificate's",
                    certificate.string()));
  }
  return {};
}

Result<std::uint16_t> TlsFront::listen_tcp(const std::string& address, std::uint16_t port) {
  Failure failure;
  const auto parsed = asio::ip::make_address(address, failure);
  if (failure) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("'{}' is not an address to listen on", address));
  }
  const asio::ip::tcp::endpoint place(parsed, port);
  auto& acceptor = impl_->acceptor;
  acceptor.open(place.protocol(), failure);
  if (!failure) acceptor.set_option(asio::socket_base::reuse_address(true), failure);
  if (!failure) acceptor.bind(place, failure);
  if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
  if (failure) {
    Failure ignored;
    acceptor.close(ignored);
    return make_error(ErrorKind::io,
                      fmt::format("listen on {}:{}: {}; another port, or who has it: ss -ltnp",
                                  address, port, failure.message()));
  }
  asio::co_spawn(impl_->io, impl_->accept_all(), asio::detached);
  return acceptor.local_endpoint().port();
}

}  // namespace genesis::net
