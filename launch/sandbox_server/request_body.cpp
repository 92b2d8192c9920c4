#include "launch/sandbox_server/request_body.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

namespace genesis::sandbox_server {

namespace asio = boost::asio;
using asio::use_awaitable;
using net::BodyEnd;

namespace {

constexpr std::size_t kPiece = 64u << 10;
constexpr std::uint64_t kWorthSplicing = 128u << 10;

}  // namespace

RequestBody::RequestBody(asio::io_context& io, net::HttpExchange& exchange, Upstream& upstream)
    : io_(io), exchange_(exchange), upstream_(upstream), end_(io) {
  end_.expires_at(asio::steady_timer::time_point::max());
}

asio::awaitable<void> RequestBody::start() {
  const BodyEnd how = exchange_.body_end();
  if (how == BodyEnd::none || (how == BodyEnd::length && exchange_.body_left() == 0)) {
    over_ = true;
    co_return;
  }
  if (how == BodyEnd::length && exchange_.body_left() <= kPiece) {
    co_await send_all();
    co_return;
  }
  asio::co_spawn(io_, send_all(), [this](std::exception_ptr failed) {
    if (!failed || over_) return;
    failure_ = true;
    ended();
  });
}

asio::awaitable<void> RequestBody::stop() {
  if (over_) co_return;
  exchange_.stop_reading();
  upstream_.cut();
  while (!over_) {
    boost::system::error_code ignored;
    co_await end_.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

void RequestBody::when_whole(std::function<void()> told) {
  if (whole()) return told();
  told_ = std::move(told);
}

void RequestBody::ended() {
  over_ = true;
  end_.cancel();
  if (whole() && told_) told_();
  // Nothing comes back from a program that waits for the rest.
  if (client_failure_) upstream_.cut();
}

asio::awaitable<bool> RequestBody::send_piece(std::string_view bytes) {
  const bool chunks = exchange_.body_end() == BodyEnd::chunks;
  Status sent;
  if (chunks) {
    const std::string size = fmt::format("{:x}\r\n", bytes.size());
    sent = co_await upstream_.send(size);
  }
  if (sent) sent = co_await upstream_.send(bytes);
  if (sent && chunks) sent = co_await upstream_.send("\r\n");
  co_return sent.has_value();
}

asio::awaitable<void> RequestBody::send_all() {
  std::vector<char> piece(kPiece);
  const bool chunks = exchange_.body_end() == BodyEnd::chunks;
  bool sent = true;
  while (sent) {
    const auto count = co_await exchange_.read_body(piece.data(), piece.size());
    if (!count) client_failure_ = count.error();
    if (!count || *count == 0) break;
    const std::string_view bytes(piece.data(), *count);
    sent = co_await send_piece(bytes);
    if (!sent || chunks || exchange_.body_left() < kWorthSplicing) continue;
    const std::string rest = exchange_.take_buffered();
    const Status moved_rest = co_await upstream_.send(rest);
    sent = moved_rest.has_value();
    if (!sent) break;
    const std::uint64_t left = exchange_.body_left();
    const auto moved =
        co_await splice_bytes(exchange_.bare_socket(), upstream_.socket, left, kBodyIdle);
    if (moved) exchange_.body_moved(*moved);
    if (!moved || *moved < left) {
      // Either side; one that did not take it may still say why.
      sent = false;
      if (moved) client_failure_ = Error{ErrorKind::io, "the client went away in its body"};
    }
  }
  if (sent && !client_failure_ && chunks) {
    const Status last = co_await upstream_.send("0\r\n\r\n");
    sent = last.has_value();
  }
  failure_ = !sent || client_failure_.has_value();
  ended();
}

}  // namespace genesis::sandbox_server
