#include "genesis/net/client_connection.h"

#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>

#include "genesis/base/base64.h"
#include "genesis/net/http_wire.h"
#include "genesis/net/resolve.h"

namespace genesis::net {
namespace {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using asio::use_awaitable;
using SteadyTime = std::chrono::steady_clock::time_point;

/// What waits for a stream's next message needs no more; while a body flows the buffer grows.
constexpr std::size_t kSmallBuffer = 2u << 10;
constexpr std::size_t kLargeBuffer = 64u << 10;
constexpr std::size_t kMostProxyHead = 16u << 10;

}  // namespace

ClientConnection::ClientConnection(asio::io_context& io, Destination destination)
    : io_(io), destination_(std::move(destination)), looking_up_(io), socket_(io), timer_(io) {}

ClientConnection::~ClientConnection() = default;

void ClientConnection::close() {
  Failure ignored;
  looking_up_.cancel();
  socket_.close(ignored);
}

void ClientConnection::set_deadline(SteadyTime when) {
  deadline_ = when;
  if (when < armed_for_) arm(when);
}

void ClientConnection::no_deadline() {
  deadline_ = SteadyTime::max();
}

/// One wait is pending at most. A deadline that moves away leaves it as it is: it looks again when
/// it fires.
void ClientConnection::arm(SteadyTime when) {
  armed_for_ = when;
  const auto turn = ++turn_;
  timer_.expires_at(when);
  timer_.async_wait([weak = weak_from_this(), turn](const Failure& stopped) {
    const auto self = weak.lock();
    if (!self || stopped || turn != self->turn_) return;
    self->armed_for_ = SteadyTime::max();
    if (self->deadline_ == SteadyTime::max()) return;
    if (std::chrono::steady_clock::now() < self->deadline_) return self->arm(self->deadline_);
    self->timed_out_ = true;
    self->close();
  });
}

tl::unexpected<Error> ClientConnection::broken(const char* doing, const Failure& failure) const {
  if (timed_out_ && slow_connect_) {
    return make_error(ErrorKind::unavailable,
                      fmt::format("{}: connect: no answer within {} ms", name(),
                                  destination_.connect_limit.count()));
  }
  if (timed_out_) {
    return make_error(ErrorKind::timeout, fmt::format("{}: no answer in time", name()));
  }
  if (failure == asio::error::operation_aborted) {
    return make_error(ErrorKind::cancelled, fmt::format("{}: cancelled", name()));
  }
  return make_error(ErrorKind::unavailable,
                    fmt::format("{}: {}: {}", name(), doing, failure.message()));
}

asio::awaitable<Status> ClientConnection::look_up(Endpoints& known) {
  const Url& first = destination_.proxy ? *destination_.proxy : destination_.url;
  auto found = co_await resolve(io_, first.host, first.port, looking_up_);
  if (found) {
    known = std::move(*found);
    co_return Status();
  }
  if (timed_out_) co_return broken("", asio::error::operation_aborted);
  co_return make_error(found.error().kind, fmt::format("{}: find {} address: {}", name(),
                                                       destination_.proxy ? "the proxy's" : "its",
                                                       found.error().message));
}

asio::awaitable<Status> ClientConnection::connect(Endpoints& known) {
  if (known.empty()) {
    const Status found = co_await look_up(known);
    if (!found) co_return found;
  }
  const Endpoints tried = known;  // Others may look up meanwhile.
  Failure failure;
  co_await asio::async_connect(socket_, tried, asio::redirect_error(use_awaitable, failure));
  if (failure) {
    known.clear();  // It may have moved.
    co_return broken(destination_.proxy ? "connect to the proxy" : "connect", failure);
  }
  socket_.set_option(asio::ip::tcp::no_delay(true), failure);
  co_return Status();
}

asio::awaitable<Status> ClientConnection::open(Endpoints& known) {
  const SteadyTime asked = deadline_;
  if (destination_.connect_limit.count() > 0) {
    const auto limit = std::chrono::steady_clock::now() + destination_.connect_limit;
    slow_connect_ = limit < asked;
    set_deadline(std::min(limit, asked));
  }
  const Status connected = co_await connect(known);
  if (!connected) co_return connected;
  if (destination_.proxy) {
    const Status tunnel = co_await open_tunnel();
    if (!tunnel) co_return tunnel;
  }
  if (destination_.url.tls) {
    const Status agreed = co_await agree_on_tls();
    if (!agreed) co_return agreed;
  }
  if (timed_out_) co_return broken("connect", asio::error::operation_aborted);
  slow_connect_ = false;
  set_deadline(asked);
  co_return Status();
}

/// Asks the proxy for a tunnel.
asio::awaitable<Status> ClientConnection::open_tunnel() {
  const std::string to = destination_.url.authority();
  std::string request = fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n", to, to);
  if (!destination_.proxy->user_info.empty()) {
    request += "Proxy-Authorization: Basic " + to_base64(destination_.proxy->user_info) + "\r\n";
  }
  request += "\r\n";
  Failure failure;
  co_await asio::async_write(socket_, asio::buffer(request),
                             asio::redirect_error(use_awaitable, failure));
  if (failure) co_return broken("ask the proxy", failure);
  HttpParser parser(HttpParser::Reads::answers);
  for (;;) {
    const auto more = co_await fill(kMostProxyHead);
    if (!more) co_return tl::unexpected<Error>(more.error());
    if (!*more) co_return broken("read the proxy's answer", asio::error::eof);
    const auto head = parser.head(buffered());
    if (!head) {
      co_return make_error(head.error().kind,
                           fmt::format("{}: the proxy's answer: {}", name(), head.error().message));
    }
    if (*head == 0) continue;
    use(*head);
    break;
  }
  if (parser.answer().status / 100 != 2) {
    co_return make_error(
        ErrorKind::unavailable,
        fmt::format("{}: the proxy refuses with HTTP status {}", name(), parser.answer().status));
  }
  co_return Status();
}

asio::awaitable<Status> ClientConnection::agree_on_tls() {
  tls_ = std::make_unique<TlsSession>(socket_, destination_.tls->native_handle(),
                                      destination_.url.host);
  const Failure failure = co_await tls_->agree();
  if (!failure) co_return Status();
  const char* const refusal = timed_out_ ? nullptr : tls_->refusal();
  if (refusal == nullptr) co_return broken("agree on TLS", failure);
  co_return make_error(
      ErrorKind::unavailable,
      fmt::format("{}: its certificate is not accepted: {} (SSL_CERT_FILE names the "
                  "certificates of authorities that this machine does not know)",
                  name(), refusal));
}

asio::awaitable<Status> ClientConnection::write(std::string_view bytes) {
  Failure failure;
  std::size_t count = 0;
  if (tls_) {
    count = co_await tls_->write(bytes, failure);
  } else {
    count = co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                                       asio::redirect_error(use_awaitable, failure));
  }
  written_ += count;
  if (failure) co_return broken("send the request", failure);
  co_return Status();
}

void ClientConnection::at_least(std::chrono::milliseconds idle) {
  if (idle.count() == 0) return;
  set_deadline(std::max(deadline_, std::chrono::steady_clock::now() + idle));
}

asio::awaitable<Status> ClientConnection::write_file(int fd, std::uint64_t offset,
                                                     std::uint64_t length,
                                                     std::chrono::milliseconds idle) {
  if (tls_) co_return co_await write_file_copied(fd, offset, length, idle);
  at_least(idle);
  Failure failure;
  socket_.native_non_blocking(true, failure);
  auto at = static_cast<off_t>(offset);
  while (length > 0) {
    const ssize_t count =
        ::sendfile(socket_.native_handle(), fd, &at, std::min<std::uint64_t>(length, 1u << 20));
    if (count > 0) {
      length -= static_cast<std::uint64_t>(count);
      written_ += static_cast<std::uint64_t>(count);
      continue;
    }
    if (count == 0) {
      co_return make_error(ErrorKind::io, name() + ": send a file: it became shorter meanwhile");
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      co_return broken("send a file", Failure(errno, asio::error::get_system_category()));
    }
    co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(use_awaitable, failure));
    if (failure) co_return broken("send a file", failure);
    at_least(idle);
  }
  co_return Status();
}

asio::awaitable<Status> ClientConnection::write_file_copied(int fd, std::uint64_t offset,
                                                            std::uint64_t length,
                                                            std::chrono::milliseconds idle) {
  std::vector<char> piece(kLargeBuffer);
  while (length > 0) {
    at_least(idle);
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, piece.size()));
    const ssize_t count = ::pread(fd, piece.data(), wanted, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) co_return errno_error("read", "a file to send", errno);
    if (count == 0) {
      co_return make_error(ErrorKind::io, name() + ": send a file: it became shorter meanwhile");
    }
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
    const Status sent = co_await write(bytes);
    if (!sent) co_return sent;
    offset += static_cast<std::uint64_t>(count);
    length -= static_cast<std::uint64_t>(count);
  }
  co_return Status();
}

void ClientConnection::use(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

void ClientConnection::shrink() {
  if (begin_ > 0) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (in_.size() <= kSmallBuffer || end_ > kSmallBuffer) return;
  std::vector<char> small(kSmallBuffer);
  std::memcpy(small.data(), in_.data(), end_);
  in_ = std::move(small);
}

void ClientConnection::make_room(std::size_t most) {
  if (begin_ > 0) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ < in_.size()) return;
  const std::size_t wanted = in_.empty() ? kSmallBuffer : 4 * in_.size();
  in_.resize(std::min(wanted, std::max(most, kSmallBuffer)));
}

asio::awaitable<Result<std::size_t>> ClientConnection::read_some(char* to, std::size_t size) {
  Failure failure;
  std::size_t count = 0;
  if (tls_) {
    count = co_await tls_->read_some(to, size, failure);
  } else {
    count = co_await socket_.async_read_some(asio::buffer(to, size),
                                             asio::redirect_error(use_awaitable, failure));
  }
  if (failure && (failure != asio::error::eof || timed_out_)) {
    co_return broken("read the answer", failure);
  }
  co_return count;
}

asio::awaitable<Result<bool>> ClientConnection::fill(std::size_t most) {
  // What filled the buffer was a body that flows; what waits after it may wait for long.
  if (end_ == 0 && in_.size() > kSmallBuffer && !tls_ && socket_.available() == 0) shrink();
  make_room(most);
  if (end_ == in_.size()) {
    co_return make_error(ErrorKind::parse, name() + ": an answer's head is too long");
  }
  const auto count = co_await read_some(in_.data() + end_, in_.size() - end_);
  if (!count) co_return tl::unexpected<Error>(count.error());
  end_ += *count;
  co_return *count > 0;
}

asio::awaitable<Result<std::size_t>> ClientConnection::read(char* to, std::size_t size) {
  co_return co_await read_some(to, size);
}

bool ClientConnection::stands() {
  if (!socket_.is_open() || begin_ != end_) return false;
  char letter = 0;
  const ssize_t count = ::recv(socket_.native_handle(), &letter, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && errno == EAGAIN;
}

}  // namespace genesis::net
