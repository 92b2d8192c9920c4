#include "genesis/net/http_connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>

#include "genesis/base/log.h"
#include "genesis/base/text.h"

namespace genesis::net {
namespace {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using asio::use_awaitable;

constexpr std::size_t kFirstBuffer = 4u << 10;
constexpr std::size_t kMostSkipped = 256u << 10;
constexpr Millis kLinger{2000};

std::string refusal_body(int status, const std::string& why) {
  // `why` is ours: nothing in it needs quoting.
  return fmt::format(R"({{"code":{},"message":"{}"}})", status, why);
}

}  // namespace

HttpConnection::HttpConnection(BareSocket socket, HttpConnectionOwner& owner)
    : socket_(std::move(socket)), owner_(owner) {}

void HttpConnection::within(Millis time) {
  deadline_ = std::chrono::steady_clock::now() + time;
}

void HttpConnection::check_deadline(Deadline now) {
  const auto passed = [now](const auto& deadline) { return deadline && now >= *deadline; };
  if (!passed(deadline_) && !passed(body_deadline_)) return;
  deadline_.reset();
  body_deadline_.reset();
  timed_out_ = true;
  abort();
}

void HttpConnection::abort() {
  Failure ignored;
  socket_.close(ignored);
}

void HttpConnection::use(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

tl::unexpected<Error> HttpConnection::broken(const char* doing, const Failure& failure) {
  failed_ = true;
  if (timed_out_) return make_error(ErrorKind::timeout, fmt::format("{}: too slow", doing));
  return make_error(ErrorKind::io, fmt::format("{}: {}", doing, failure.message()));
}

asio::awaitable<bool> HttpConnection::fill() {
  if (begin_ > 0) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == in_.size()) {
    const std::size_t most = owner_.limits().head_bytes;
    if (in_.size() >= most) co_return false;
    in_.resize(std::min(most, std::max(kFirstBuffer, in_.size() * 2)));
  }
  Failure failure;
  const auto room = asio::buffer(in_.data() + end_, in_.size() - end_);
  end_ += co_await socket_.async_read_some(room, asio::redirect_error(use_awaitable, failure));
  co_return !failure;
}

asio::awaitable<void> HttpConnection::run() {
  const auto self = shared_from_this();
  while (keep_ && !failed_) {
    const bool have = co_await next_request();
    if (!have) break;
    co_await handle();
    stop_watching();
    if (failed_ || taken_over_) break;
    if (!keep_) {
      co_await linger();
      break;
    }
    const bool clean = co_await skip_rest_of_body();
    if (!clean) break;
  }
  abort();
}

asio::awaitable<bool> HttpConnection::wait_for_first_byte() {
  if (begin_ != end_) co_return true;
  if (owner_.stopping()) co_return false;
  // An idle connection costs its coroutine and its socket, no buffer.
  std::vector<char>().swap(in_);
  idle_ = true;
  within(owner_.limits().keep_alive);
  owner_.became_idle(*this);
  Failure failure;
  co_await socket_.async_wait(BareSocket::wait_read, asio::redirect_error(use_awaitable, failure));
  idle_ = false;
  owner_.became_busy(*this);
  co_return !failure;
}

asio::awaitable<bool> HttpConnection::next_request() {
  const bool something = co_await wait_for_first_byte();
  if (!something) co_return false;
  within(owner_.limits().head_deadline);
  parser_.emplace(HttpParser::Reads::requests);
  more_headers_.clear();
  begun_ = over_ = chunked_ = bodiless_ = continue_due_ = body_unwanted_ = false;
  left_ = 0;
  while (true) {
    const auto used = parser_->head(buffered());
    if (!used) {
      const int status = used.error().kind == ErrorKind::unsupported ? 501 : 400;
      co_await refuse(status, used.error().message);
      co_return false;
    }
    if (*used > 0) {
      use(*used);
      break;
    }
    if (end_ - begin_ >= owner_.limits().head_bytes) {
      co_await refuse(431, "the head of the request is too long");
      co_return false;
    }
    const bool more = co_await fill();
    if (!more) co_return false;
  }
  without_deadline();
  const auto& request = parser_->request();
  keep_ = request.keep_alive && !owner_.stopping();
  if (const auto* const expects = request.find("expect")) {
    continue_due_ = request.version >= 11 && expects->size() == 12 &&
                    starts_with_ignore_case(*expects, "100-continue");
  }
  co_return true;
}

asio::awaitable<void> HttpConnection::refuse(int status, std::string why) {
  keep_ = false;
  const std::string body = refusal_body(status, why);
  Headers headers;
  headers.emplace_back("Content-Type", "application/json");
  auto head = answer_head_text(status, headers, body.size(), 11, false);
  if (!head) co_return;
  const Status sent = co_await send(std::move(*head), body);
  if (sent) co_await linger();
}

asio::awaitable<void> HttpConnection::handle() {
  HttpExchange exchange(*this);
  bool threw = false;
  try {
    co_await owner_.handler()(exchange);
  } catch (const boost::system::system_error&) {
    failed_ = true;  // Cancelled.
    co_return;
  } catch (const std::exception& failure) {
    log::error("answer a request: {}", failure.what());
    threw = true;
  }
  without_deadline();
  if (taken_over_ || failed_ || (over_ && !threw)) co_return;
  if (begun_) {  // Half an answer: the client must not take it for a whole one.
    failed_ = true;
    co_return;
  }
  HttpReplyHead head(500);
  head.headers.emplace_back("Content-Type", "application/json");
  const Status ignored = co_await begin(std::move(head), refusal_body(500, "internal error"), true);
  if (!ignored) failed_ = true;
}

asio::awaitable<bool> HttpConnection::skip_rest_of_body() {
  if (parser_->body_done()) co_return true;
  if (continue_due_) co_return false;  // Nobody knows whether the client sends it.
  std::array<char, 8192> nowhere;
  std::size_t skipped = 0;
  while (!parser_->body_done()) {
    if (skipped > kMostSkipped || parser_->body_left() > kMostSkipped) {
      co_await linger();
      co_return false;
    }
    const auto count = co_await read_body(nowhere.data(), nowhere.size());
    if (!count) co_return false;
    skipped += *count;
  }
  co_return true;
}

asio::awaitable<void> HttpConnection::linger() {
  Failure failure;
  socket_.shutdown(BareSocket::shutdown_send, failure);
  if (failure) co_return;
  within(kLinger);
  std::array<char, 8192> nowhere;
  for (std::size_t skipped = 0; skipped < (16u << 20);) {
    const auto room = asio::buffer(nowhere);
    skipped += co_await socket_.async_read_some(room, asio::redirect_error(use_awaitable, failure));
    if (failure) break;
  }
  without_deadline();
}

asio::awaitable<Status> HttpConnection::send_continue() {
  continue_due_ = false;
  co_return co_await send("HTTP/1.1 100 Continue\r\n\r\n", {});
}

asio::awaitable<Result<std::size_t>> HttpConnection::read_body(char* to, std::size_t size) {
  if (continue_due_ && !begun_ && begin_ == end_) {
    const Status sent = co_await send_continue();
    if (!sent) co_return tl::unexpected<Error>(sent.error());
  }
  continue_due_ = false;
  while (!parser_->body_done()) {
    if (body_unwanted_) co_return make_error(ErrorKind::cancelled, "the body is not wanted");
    if (begin_ != end_) {
      const auto step = parser_->body(buffered(), to, size);
      if (!step) {
        keep_ = false;
        co_return tl::unexpected<Error>(step.error());
      }
      use(step->used);
      if (step->written > 0) co_return step->written;
      if (parser_->body_done()) break;
      if (step->used > 0) continue;
    }
    body_deadline_ = std::chrono::steady_clock::now() + owner_.limits().body_idle;
    Failure failure;
    if (parser_->body_end() == BodyEnd::length && begin_ == end_) {
      const auto room = asio::buffer(to, std::min<std::uint64_t>(size, parser_->body_left()));
      const std::size_t count =
          co_await socket_.async_read_some(room, asio::redirect_error(use_awaitable, failure));
      body_deadline_.reset();
      if (failure && body_unwanted_) continue;
      if (failure) co_return broken("read the request's body", failure);
      parser_->body_moved(count);
      co_return count;
    }
    const bool more = co_await fill();
    body_deadline_.reset();
    if (!more && body_unwanted_) continue;
    if (!more) co_return broken("read the request's body", asio::error::eof);
  }
  co_return std::size_t{0};
}

asio::awaitable<Status> HttpConnection::send(std::string head, std::string_view body) {
  std::array<asio::const_buffer, 2> pieces{asio::buffer(head), asio::buffer(body)};
  Failure failure;
  std::size_t at = 0;
  const std::size_t all = head.size() + body.size();
  // A slow reader is one thing, one that takes nothing another: the deadline is renewed as it
  // takes.
  while (at < all) {
    within(owner_.limits().write_idle);
    const std::size_t count =
        co_await socket_.async_write_some(pieces, asio::redirect_error(use_awaitable, failure));
    if (failure) co_return broken("send the answer", failure);
    at += count;
    const std::size_t in_head = std::min(at, head.size());
    pieces[0] = asio::buffer(head.data() + in_head, head.size() - in_head);
    const std::size_t in_body = at - in_head;
    pieces[1] = asio::buffer(body.data() + in_body, body.size() - in_body);
  }
  without_deadline();
  co_return Status();
}

asio::awaitable<Status> HttpConnection::begin(HttpReplyHead head, std::string body, bool whole) {
  if (begun_) co_return make_error(ErrorKind::internal, "a request answered twice");
  const auto& request = parser_->request();
  const int status = head.status;
  bodiless_ = request.method == "HEAD" || status == 204 || status == 304;
  if (whole && !(bodiless_ && head.content_length)) head.content_length = body.size();
  if (!parser_->body_done() && (continue_due_ || parser_->body_left() > kMostSkipped))
    keep_ = false;
  if (owner_.stopping()) keep_ = false;
  if (!head.content_length && request.version < 11 && !bodiless_) keep_ = false;
  for (auto& header : more_headers_) head.headers.push_back(std::move(header));
  more_headers_.clear();
  auto text = answer_head_text(status, head.headers, head.content_length, request.version, keep_);
  if (!text) co_return tl::unexpected<Error>(text.error());
  begun_ = true;
  chunked_ = !head.content_length && request.version >= 11;
  counted_ = head.content_length.has_value();
  left_ = bodiless_ ? 0 : head.content_length.value_or(0);
  if (!whole) {
    const Status fits = add_piece(*text, body);
    if (!fits) co_return fits;
    co_return co_await send(std::move(*text), {});
  }
  over_ = true;
  left_ = 0;
  co_return co_await send(std::move(*text), bodiless_ ? std::string_view() : body);
}

Status HttpConnection::add_piece(std::string& to, std::string_view piece) {
  if (bodiless_ || piece.empty()) return {};
  if (chunked_) {
    const std::string size = fmt::format("{:x}\r\n", piece.size());
    to.reserve(to.size() + size.size() + piece.size() + 2);
    to.append(size).append(piece).append("\r\n");
    return {};
  }
  if (counted_) {
    if (piece.size() > left_) return make_error(ErrorKind::internal, "longer than announced");
    left_ -= piece.size();
  }
  to.append(piece);
  return {};
}

asio::awaitable<Status> HttpConnection::write(std::string_view piece) {
  if (!begun_ || over_) co_return make_error(ErrorKind::internal, "a piece without its answer");
  if (bodiless_ || piece.empty()) co_return Status();
  if (chunked_) {
    std::string framed;
    const Status fits = add_piece(framed, piece);
    if (!fits) co_return fits;
    co_return co_await send(std::move(framed), {});
  }
  if (counted_) {
    if (piece.size() > left_) co_return make_error(ErrorKind::internal, "longer than announced");
    left_ -= piece.size();
  }
  co_return co_await send({}, piece);
}

asio::awaitable<Status> HttpConnection::send_file(int fd, std::uint64_t offset,
                                                  std::uint64_t length) {
  if (bodiless_) co_return Status();
  if (!counted_ || length > left_)
    co_return make_error(ErrorKind::internal, "longer than announced");
  Failure failure;
  socket_.native_non_blocking(true, failure);
  auto at = static_cast<off_t>(offset);
  while (length > 0) {
    const ssize_t count =
        ::sendfile(socket_.native_handle(), fd, &at, std::min<std::uint64_t>(length, 1u << 20));
    if (count > 0) {
      length -= static_cast<std::uint64_t>(count);
      left_ -= static_cast<std::uint64_t>(count);
      continue;
    }
    if (count == 0) {
      failed_ = true;
      co_return make_error(ErrorKind::io, "send a file: it became shorter meanwhile");
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN)
      co_return broken("send a file", Failure(errno, asio::error::get_system_category()));
    within(owner_.limits().write_idle);
    co_await socket_.async_wait(BareSocket::wait_write,
                                asio::redirect_error(use_awaitable, failure));
    without_deadline();
    if (failure) co_return broken("send a file", failure);
  }
  co_return Status();
}

asio::awaitable<Status> HttpConnection::end_reply(std::string last) {
  if (!begun_ || over_) co_return make_error(ErrorKind::internal, "the end of no answer");
  std::string text;
  const Status fits = add_piece(text, last);
  if (!fits) co_return fits;
  if (left_ > 0) {
    failed_ = true;
    co_return make_error(ErrorKind::internal, "an answer shorter than announced");
  }
  over_ = true;
  if (chunked_ && !bodiless_) text += "0\r\n\r\n";
  if (text.empty()) co_return Status();
  co_return co_await send(std::move(text), {});
}

void HttpConnection::watch_peer(std::function<void(PeerEnd)> told) {
  peer_told_ = std::move(told);
  watching_ = true;
  wait_for_peer(++watch_turn_);
}

void HttpConnection::wait_for_peer(std::uint64_t turn) {
  socket_.async_wait(BareSocket::wait_read, [self = shared_from_this(), turn](const Failure& end) {
    if (turn != self->watch_turn_ || !self->watching_) return;
    if (end) return;
    char letter = 0;
    const ssize_t count =
        ::recv(self->socket_.native_handle(), &letter, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return self->wait_for_peer(turn);
    const auto told = self->peer_told_;
    if (count < 0) return told(PeerEnd::gone);
    self->wait_for_reset(turn);
    if (count == 0) told(PeerEnd::half_closed);
  });
}

void HttpConnection::wait_for_reset(std::uint64_t turn) {
  socket_.async_wait(BareSocket::wait_error, [self = shared_from_this(), turn](const Failure& end) {
    if (turn != self->watch_turn_ || !self->watching_ || end) return;
    pollfd asked{self->socket_.native_handle(), 0, 0};
    if (::poll(&asked, 1, 0) == 0) return self->wait_for_reset(turn);  // Stale news.
    const auto told = self->peer_told_;
    told(PeerEnd::gone);
  });
}

void HttpConnection::stop_watching() {
  if (!watching_) return;
  watching_ = false;
  ++watch_turn_;
  peer_told_ = nullptr;
  Failure ignored;
  socket_.cancel(ignored);  // Only the watch waits here: the handler has returned.
}

}  // namespace genesis::net
