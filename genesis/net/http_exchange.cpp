#include <fmt/format.h>

#include <array>

#include "genesis/net/http_connection.h"
#include "genesis/net/http_server.h"

namespace genesis::net {

namespace asio = boost::asio;

const HttpRequestHead& HttpExchange::request() const {
  return connection_.parser_->request();
}

asio::awaitable<Result<std::size_t>> HttpExchange::read_body(char* to, std::size_t size) {
  return connection_.read_body(to, size);
}

asio::awaitable<Result<std::string>> HttpExchange::read_whole_body(std::size_t limit) {
  const auto too_long = [limit] {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("the request's body is longer than {} bytes", limit));
  };
  if (body_left() > limit) co_return too_long();
  std::string body;
  body.reserve(body_left());
  std::array<char, 8192> piece;
  while (true) {
    const auto count = co_await connection_.read_body(piece.data(), piece.size());
    if (!count) co_return tl::unexpected<Error>(count.error());
    if (*count == 0) co_return body;
    if (body.size() + *count > limit) co_return too_long();
    body.append(piece.data(), *count);
  }
}

BodyEnd HttpExchange::body_end() const {
  return connection_.parser_->body_end();
}
std::uint64_t HttpExchange::body_left() const {
  return connection_.parser_->body_left();
}

asio::awaitable<Status> HttpExchange::reply(HttpReplyHead head, std::string body) {
  return connection_.begin(std::move(head), std::move(body), true);
}

asio::awaitable<Status> HttpExchange::begin_reply(HttpReplyHead head) {
  return connection_.begin(std::move(head), std::string(), false);
}

asio::awaitable<Status> HttpExchange::begin_reply(HttpReplyHead head, std::string first) {
  return connection_.begin(std::move(head), std::move(first), false);
}

asio::awaitable<Status> HttpExchange::write(std::string_view piece) {
  return connection_.write(piece);
}

asio::awaitable<Status> HttpExchange::send_file(int fd, std::uint64_t offset,
                                                std::uint64_t length) {
  return connection_.send_file(fd, offset, length);
}

asio::awaitable<Status> HttpExchange::end_reply() {
  return connection_.end_reply(std::string());
}

asio::awaitable<Status> HttpExchange::end_reply(std::string last) {
  return connection_.end_reply(std::move(last));
}

asio::awaitable<Status> HttpExchange::send_interim(HttpReplyHead head) {
  if (head.status == 101) connection_.begun_ = true;
  auto text = answer_head_text(head.status, head.headers, 0, 11, true);
  if (!text) co_return tl::unexpected<Error>(text.error());
  co_return co_await connection_.send(std::move(*text), {});
}

void HttpExchange::add_headers(Headers headers) {
  for (auto& header : headers) connection_.more_headers_.push_back(std::move(header));
}

bool HttpExchange::reply_begun() const {
  return connection_.begun_;
}

void HttpExchange::on_peer_end(std::function<void(PeerEnd)> told) {
  connection_.watch_peer(std::move(told));
}

BareSocket& HttpExchange::bare_socket() {
  return connection_.socket_;
}

std::string HttpExchange::take_buffered() {
  std::string_view bytes = connection_.buffered();
  if (!connection_.taken_over_) bytes = bytes.substr(0, body_left());
  std::string taken(bytes);
  connection_.use(taken.size());
  if (!connection_.taken_over_) connection_.parser_->body_moved(taken.size());
  return taken;
}

void HttpExchange::body_moved(std::uint64_t count) {
  connection_.parser_->body_moved(count);
}

void HttpExchange::sent(std::uint64_t count) {
  connection_.left_ -= std::min(count, connection_.left_);
}

void HttpExchange::take_over() {
  connection_.taken_over_ = true;
}

void HttpExchange::close_after() {
  connection_.keep_ = false;
}

void HttpExchange::stop_reading() {
  connection_.keep_ = false;
  connection_.body_unwanted_ = true;
  boost::system::error_code ignored;
  connection_.socket_.cancel(ignored);
}

}  // namespace genesis::net
