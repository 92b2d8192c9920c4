#include "launch/sandbox_server/envd/rpc_call.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "launch/sandbox_server/envd/connect_frames.h"
#include "launch/sandbox_wire/json_text.h"

namespace genesis::envd {

namespace asio = boost::asio;

namespace {

net::HttpReplyHead head_of(int status, const char* content_type) {
  net::HttpReplyHead head(status);
  head.headers.emplace_back("Content-Type", content_type);
  return head;
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

asio::awaitable<void> reply_json(net::HttpExchange& exchange, int status, std::string body) {
  net::HttpReplyHead head = head_of(status, "application/json");
  // A client that has gone needs no answer, and the connection closes by itself.
  co_await exchange.reply(std::move(head), std::move(body));
}

asio::awaitable<void> reply_error(net::HttpExchange& exchange, int status, std::string message) {
  nlohmann::json body;
  body["code"] = status;
  body["message"] = message;
  std::string text = sandbox_wire::to_json_text(body);
  net::HttpReplyHead head = head_of(status, "application/json; charset=utf-8");
  co_await exchange.reply(std::move(head), std::move(text));
}

asio::awaitable<void> reply_empty(net::HttpExchange& exchange, int status, net::Headers headers) {
  net::HttpReplyHead head(status, std::move(headers));
  std::string nothing;
  co_await exchange.reply(std::move(head), std::move(nothing));
}

asio::awaitable<void> reply_unary(net::HttpExchange& exchange, RpcResult<std::string> result) {
  const int status = result ? 200 : http_status(result.error().code);
  std::string body = result ? std::move(*result) : error_json(result.error());
  co_await reply_json(exchange, status, std::move(body));
}

asio::awaitable<Status> begin_stream(net::HttpExchange& exchange, std::string first) {
  net::HttpReplyHead head = head_of(200, "application/connect+json");
  Status begun = co_await exchange.begin_reply(std::move(head), std::move(first));
  co_return begun;
}

asio::awaitable<void> end_stream(net::HttpExchange& exchange, std::optional<RpcError> error) {
  std::string last = error ? end_of_stream(*error) : end_of_stream();
  co_await exchange.end_reply(std::move(last));
}

asio::awaitable<void> refuse_stream(net::HttpExchange& exchange, RpcError error) {
  std::string nothing;
  const Status begun = co_await begin_stream(exchange, std::move(nothing));
  if (!begun) co_return;
  std::optional<RpcError> reason(std::move(error));
  co_await end_stream(exchange, std::move(reason));
}

RpcResult<std::optional<std::chrono::milliseconds>> stream_timeout(
    const net::HttpRequestHead& head) {
  const std::string* text = head.find("Connect-Timeout-Ms");
  if (text == nullptr) return std::nullopt;
  const auto millis = number(*text);
  // The protocol allows ten digits.
  if (!millis || text->size() > 10) {
    return rpc_error(RpcCode::invalid_argument,
                     "the header Connect-Timeout-Ms is not a number of at most ten digits");
  }
  return std::optional<std::chrono::milliseconds>(
      std::chrono::milliseconds(static_cast<std::int64_t>(*millis)));
}

std::chrono::seconds keepalive_interval(const net::HttpRequestHead& head) {
  constexpr std::uint64_t kDefault = 90;
  constexpr std::uint64_t kLongest = 3600;
  const std::string* text = head.find("Keepalive-Ping-Interval");
  const auto seconds = text == nullptr ? std::nullopt : number(*text);
  const std::uint64_t interval = seconds && *seconds > 0 ? *seconds : kDefault;
  return std::chrono::seconds(static_cast<std::int64_t>(std::min(interval, kLongest)));
}

}  // namespace genesis::envd
