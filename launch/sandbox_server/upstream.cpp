#include "launch/sandbox_server/upstream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <memory>

#include "genesis/base/fd.h"

namespace genesis::sandbox_server {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using asio::use_awaitable;

namespace {

constexpr std::size_t kBuffer = 64u << 10;
constexpr int kPipe = 1 << 20;

tl::unexpected<Error> broke(const char* doing, const Failure& failure) {
  return make_error(ErrorKind::io, fmt::format("{} the sandbox: {}", doing, failure.message()));
}

struct Wait {
  bool on = false;
  bool late = false;
};

/// A wait that a timer may end.
asio::awaitable<Failure> wait_for(net::BareSocket& socket, net::BareSocket::wait_type what,
                                  asio::steady_timer& timer, Millis idle,
                                  std::shared_ptr<Wait> wait) {
  wait->on = true;
  timer.expires_after(idle);
  timer.async_wait([&socket, wait](const Failure& stopped) {
    if (stopped || !wait->on) return;  // Too late to be too late: the socket may be gone.
    wait->late = true;
    Failure ignored;
    socket.cancel(ignored);
  });
  Failure failure;
  co_await socket.async_wait(what, asio::redirect_error(use_awaitable, failure));
  wait->on = false;
  timer.cancel();
  co_return failure;
}

}  // namespace

asio::awaitable<Status> Upstream::connect_to(net::BareSocket::endpoint_type endpoint) {
  Failure failure;
  co_await socket.async_connect(endpoint, asio::redirect_error(use_awaitable, failure));
  if (failure) co_return broke("connect to", failure);
  socket.native_non_blocking(true, failure);
  co_return Status();
}

asio::awaitable<Status> Upstream::connect(std::filesystem::path unix_socket) {
  const asio::local::stream_protocol::endpoint place(unix_socket.string());
  const net::BareSocket::endpoint_type endpoint(place);
  co_return co_await connect_to(endpoint);
}

asio::awaitable<Status> Upstream::connect(std::uint16_t port) {
  const asio::ip::tcp::endpoint v4(asio::ip::address_v4::loopback(), port);
  const net::BareSocket::endpoint_type first(v4);
  const Status connected = co_await connect_to(first);
  if (connected) co_return connected;
  Failure ignored;
  socket.close(ignored);
  const asio::ip::tcp::endpoint v6(asio::ip::address_v6::loopback(), port);
  const net::BareSocket::endpoint_type second(v6);
  co_return co_await connect_to(second);
}

asio::awaitable<Status> Upstream::send(std::string_view bytes) {
  Failure failure;
  const auto buffer = asio::buffer(bytes);
  co_await asio::async_write(socket, buffer, asio::redirect_error(use_awaitable, failure));
  if (failure) co_return broke("send to", failure);
  co_return Status();
}

asio::awaitable<Status> Upstream::receive() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > 0) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (in_.empty()) in_.resize(kBuffer);
  if (end_ == in_.size()) co_return make_error(ErrorKind::parse, "an answer's head is too long");
  Failure failure;
  const auto room = asio::buffer(in_.data() + end_, in_.size() - end_);
  end_ += co_await socket.async_read_some(room, asio::redirect_error(use_awaitable, failure));
  if (failure) co_return broke("read from", failure);
  co_return Status();
}

bool Upstream::is_alive() {
  char letter = 0;
  const ssize_t count = ::recv(socket.native_handle(), &letter, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && errno == EAGAIN;
}

void Upstream::cut() {
  cut_ = true;
  Failure ignored;
  socket.close(ignored);
}

void Upstream::cut_after(Millis time) {
  watchdog_.expires_after(time);
  watchdog_.async_wait([this, alive = alive_](const Failure& stopped) {
    if (!stopped && *alive) cut();
  });
}

asio::awaitable<Result<std::uint64_t>> splice_bytes(net::BareSocket& from, net::BareSocket& to,
                                                    std::uint64_t count, Millis idle) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    co_return errno_error("make a pipe for", "a body", errno);
  }
  const Fd out(ends[0]);
  const Fd in(ends[1]);
  const int grown = ::fcntl(in.get(), F_SETPIPE_SZ, kPipe);
  const std::size_t room = grown > 0 ? static_cast<std::size_t>(grown) : 65536;
  Failure failure;
  from.native_non_blocking(true, failure);
  to.native_non_blocking(true, failure);
  asio::steady_timer timer(from.get_executor());
  const auto wait = std::make_shared<Wait>();
  constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
  std::uint64_t moved = 0;
  std::size_t held = 0;
  while (moved < count) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(count - moved, room));
    const ssize_t taken =
        ::splice(from.native_handle(), nullptr, in.get(), nullptr, wanted, kFlags);
    if (taken == 0) break;
    if (taken < 0 && errno == EAGAIN) {
      failure = co_await wait_for(from, net::BareSocket::wait_read, timer, idle, wait);
      if (wait->late) co_return make_error(ErrorKind::timeout, "move a body: nothing came");
      if (failure) co_return broke("read a body for", failure);
      continue;
    }
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) co_return errno_error("read", "a body", errno);
    held = static_cast<std::size_t>(taken);
    while (held > 0) {
      const ssize_t given = ::splice(out.get(), nullptr, to.native_handle(), nullptr, held, kFlags);
      if (given > 0) {
        held -= static_cast<std::size_t>(given);
        moved += static_cast<std::uint64_t>(given);
        continue;
      }
      if (given < 0 && errno == EINTR) continue;
      if (given == 0 || errno != EAGAIN) co_return errno_error("write", "a body", errno);
      failure = co_await wait_for(to, net::BareSocket::wait_write, timer, idle, wait);
      if (wait->late) co_return make_error(ErrorKind::timeout, "move a body: nothing was taken");
      if (failure) co_return broke("write a body for", failure);
    }
  }
  co_return moved;
}

}  // namespace genesis::sandbox_server
