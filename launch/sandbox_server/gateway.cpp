#include "launch/sandbox_server/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "genesis/base/text.h"
#include "launch/sandbox_server/json_text.h"
#include "launch/sandbox_wire/cross_origin.h"

namespace genesis::sandbox_server {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using asio::use_awaitable;
using net::BodyEnd;
using net::HttpExchange;
using net::HttpParser;
using nlohmann::json;

namespace {

constexpr std::size_t kPiece = 64u << 10;
constexpr std::uint64_t kWorthSplicing = 128u << 10;
constexpr std::size_t kBodyIdlePerSandbox = 32;

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && starts_with_ignore_case(a, b);
}

/// Headers of one connection, and those that are ours to write or to keep.
bool stays_here(std::string_view name, const std::vector<std::string>& named) {
  constexpr std::array<std::string_view, 13> kOurs{"connection",
                                                   "keep-alive",
                                                   "proxy-connection",
                                                   "proxy-authenticate",
                                                   "proxy-authorization",
                                                   "te",
                                                   "trailer",
                                                   "transfer-encoding",
                                                   "upgrade",
                                                   "content-length",
                                                   "x-api-key",
                                                   "expect",
                                                   "e2b-traffic-access-token"};
  const auto is_name = [&](std::string_view other) { return same(name, other); };
  return std::any_of(kOurs.begin(), kOurs.end(), is_name) ||
         std::any_of(named.begin(), named.end(), is_name);
}

/// What a Connection header names: it is not passed on either.
std::vector<std::string> connection_names(const net::Headers& headers) {
  std::vector<std::string> names;
  for (const auto& [name, value] : headers) {
    if (!same(name, "connection")) continue;
    for (const auto part : split(value, ',')) names.emplace_back(trim(part));
  }
  return names;
}

bool wants_upgrade(const net::HttpRequestHead& request) {
  const auto names = connection_names(request.headers);
  return request.find("upgrade") && std::any_of(names.begin(), names.end(), [](const auto& name) {
           return same(name, "upgrade");
         });
}

net::HttpReplyHead passed_on(const net::HttpAnswerHead& answer) {
  net::HttpReplyHead head(answer.status);
  const auto named = connection_names(answer.headers);
  for (const auto& [name, value] : answer.headers) {
    if (!stays_here(name, named)) head.headers.emplace_back(name, value);
  }
  head.content_length = answer.content_length;
  return head;
}

/// What has come of an answer's body, as far as there is room for it: with what is sent in one go,
/// the client is woken once.
Result<std::size_t> unpack(Upstream& upstream, HttpParser& answer, std::vector<char>& piece) {
  std::size_t count = 0;
  while (!answer.body_done() && count < piece.size()) {
    GENESIS_TRY_ASSIGN(const auto step, answer.body(upstream.buffered(), piece.data() + count,
                                                    piece.size() - count));
    upstream.use(step.used);
    count += step.written;
    if (step.used == 0 && step.written == 0) break;
  }
  return count;
}

}  // namespace

Gateway::Gateway(asio::io_context& io, SandboxFleet& fleet) : io_(io), fleet_(fleet) {
  fleet_.on_unreachable([this](const std::string& id) { cut_all(id); });
}

void Gateway::cut_all(const std::string& id) {
  idle_.erase(id);
  const auto [first, last] = active_.equal_range(id);
  for (auto relay = first; relay != last; ++relay) relay->second->cut();
}

void Gateway::cut_streams() {
  for (const auto& [id, upstream] : active_) {
    if (upstream->streams) upstream->cut();
  }
}

void Gateway::keep(const std::string& id, std::unique_ptr<Upstream> upstream) {
  if (upstream->was_cut() || !fleet_.running(id)) return;
  auto& idle = idle_[id];
  if (idle.size() < kBodyIdlePerSandbox) idle.push_back(std::move(upstream));
}

asio::awaitable<void> Gateway::refuse_to(HttpExchange& exchange, const Destination& destination,
                                         int status, std::string message) {
  json body{{"sandboxId", destination.id}, {"message", std::move(message)}, {"code", status}};
  // Why it is not there: those who know its id may know that.
  if (const Tombstone* const tombstone = fleet_.lifecycle().tombstone(destination.id)) {
    body["cause"] = to_string(tombstone->cause);
    body["detail"] = "the sandbox " + tombstone->text();
  } else if (const SandboxRecord* const record = fleet_.lifecycle().find(destination.id);
             record && record->state != SandboxState::running) {
    body["cause"] = to_string(record->state);
  } else if (record) {
    body["port"] = destination.port;
  }
  net::HttpReplyHead head(status);
  head.headers.emplace_back("Content-Type", "application/json");
  exchange.add_headers(sandbox_wire::cross_origin_headers(exchange.request()));
  std::string text = dump(body);
  const Status sent = co_await exchange.reply(std::move(head), std::move(text));
  static_cast<void>(sent);
}

std::optional<Refusal> Gateway::objection(const Destination& destination,
                                          const net::HttpRequestHead& request) {
  const LiveSandbox* live = fleet_.running(destination.id);
  const SandboxRecord* const record = fleet_.lifecycle().find(destination.id);
  if (destination.port != kAgentPort && record && !record->traffic_token.empty()) {
    const std::string* const token = request.find("e2b-traffic-access-token");
    if (!token)
      return Refusal(403,
                     "Sandbox is secured with traffic access token: the header "
                     "'e2b-traffic-access-token' is missing");
    if (*token != record->traffic_token) return Refusal(403, "Invalid traffic access token");
  }
  if (!live && record && record->auto_resume && record->state == SandboxState::paused) {
    // Whoever wakes it must be allowed in.
    const std::string* const token = request.find("x-access-token");
    if (destination.port == kAgentPort && !record->access_token.empty() &&
        (!token || *token != record->access_token)) {
      return Refusal(403, "resuming this sandbox needs its access token");
    }
    if (fleet_.resume_by_traffic(destination.id)) live = fleet_.running(destination.id);
  }
  if (!live) return Refusal(502, "The sandbox was not found");
  if (destination.port != kAgentPort && !fleet_.owns_listener(*live, destination.port)) {
    return Refusal(502, "The sandbox is running but port is not open");
  }
  return std::nullopt;
}

asio::awaitable<Result<std::unique_ptr<Upstream>>> Gateway::reach(const Destination& destination) {
  auto pool = idle_.find(destination.id);
  while (destination.port == kAgentPort && pool != idle_.end() && !pool->second.empty()) {
    auto known = std::move(pool->second.back());
    pool->second.pop_back();
    if (known->is_alive()) co_return known;
  }
  auto made = std::make_unique<Upstream>(io_);
  const auto entry = active_.emplace(destination.id, made.get());
  Status connected;
  if (destination.port == kAgentPort) {
    const std::filesystem::path socket = fleet_.running(destination.id)->socket;
    connected = co_await made->connect(socket);
  } else {
    connected = co_await made->connect(destination.port);
  }
  active_.erase(entry);
  if (!connected) co_return tl::unexpected<Error>(connected.error());
  co_return made;
}

std::string Gateway::request_head(const HttpExchange& exchange,
                                  const Destination& destination) const {
  const net::HttpRequestHead& request = exchange.request();
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, destination.target);
  const SandboxRecord* const record = fleet_.lifecycle().find(destination.id);
  const auto named = connection_names(request.headers);
  const bool masked = destination.port != kAgentPort && record && !record->mask_host.empty();
  for (const auto& [name, value] : request.headers) {
    if (stays_here(name, named) || (masked && same(name, "host"))) continue;
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (masked) {
    std::string host = record->mask_host;
    if (const auto at = host.find("${PORT}"); at != host.npos) {
      host.replace(at, 7, fmt::format("{}", destination.port));
    }
    head += fmt::format("Host: {}\r\n", host);
  } else if (!request.find("host")) {
    head += "Host: localhost\r\n";
  }
  if (exchange.body_end() == BodyEnd::chunks) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (request.content_length) {
    head += fmt::format("Content-Length: {}\r\n", *request.content_length);
  }
  if (wants_upgrade(request)) {
    head += fmt::format("Connection: Upgrade\r\nUpgrade: {}\r\n", *request.find("upgrade"));
  } else if (destination.port != kAgentPort) {
    head += "Connection: close\r\n";
  }
  return head + "\r\n";
}

asio::awaitable<Status> Gateway::send_answer(HttpExchange& exchange, Upstream& upstream,
                                             HttpParser& answer) {
  net::HttpReplyHead head = passed_on(answer.answer());
  std::vector<char> piece;
  if (!answer.body_done()) piece.resize(kPiece);
  auto count = unpack(upstream, answer, piece);
  if (!count) co_return tl::unexpected<Error>(count.error());
  std::string first(piece.data(), *count);
  Status sent = co_await exchange.begin_reply(std::move(head), std::move(first));
  while (sent && !answer.body_done()) {
    count = unpack(upstream, answer, piece);
    if (!count) co_return tl::unexpected<Error>(count.error());
    if (*count > 0 && answer.body_done()) {
      std::string last(piece.data(), *count);
      co_return co_await exchange.end_reply(std::move(last));
    }
    if (*count > 0) {
      const std::string_view bytes(piece.data(), *count);
      sent = co_await exchange.write(bytes);
      continue;
    }
    if (answer.body_done()) break;  // The last chunk came alone.
    if (answer.body_end() == BodyEnd::length && answer.body_left() >= kWorthSplicing) {
      const std::uint64_t left = answer.body_left();
      const auto moved =
          co_await splice_bytes(upstream.socket, exchange.bare_socket(), left, kBodyIdle);
      if (!moved) co_return tl::unexpected<Error>(moved.error());
      answer.body_moved(*moved);
      exchange.sent(*moved);
      if (*moved < left) co_return make_error(ErrorKind::io, "the sandbox went away in a body");
      continue;
    }
    const Status more = co_await upstream.receive();
    if (!more && answer.body_end() == BodyEnd::close && !upstream.was_cut()) break;
    if (!more) co_return more;
  }
  if (!sent) co_return sent;
  co_return co_await exchange.end_reply();
}

asio::awaitable<void> Gateway::both_ways(HttpExchange& exchange, Upstream& upstream,
                                         HttpParser& answer) {
  net::HttpReplyHead head = passed_on(answer.answer());
  head.headers.emplace_back("Connection", "Upgrade");
  if (const auto* const what = answer.answer().find("upgrade")) {
    head.headers.emplace_back("Upgrade", *what);
  }
  Status sent = co_await exchange.send_interim(std::move(head));
  exchange.take_over();
  if (sent) {
    const std::string early = exchange.take_buffered();
    sent = co_await upstream.send(early);
  }
  if (sent && !upstream.buffered().empty()) {
    Failure failure;
    const auto bytes = asio::buffer(upstream.buffered());
    co_await asio::async_write(exchange.bare_socket(), bytes,
                               asio::redirect_error(use_awaitable, failure));
    if (failure) co_return;
  }
  if (!sent) co_return;
  // Each way ends the other: neither side of a WebSocket is of use alone.
  asio::steady_timer ended(io_, asio::steady_timer::time_point::max());
  bool back_over = false;
  const auto end_both = [&] {
    upstream.cut();
    Failure ignored;
    exchange.bare_socket().close(ignored);
  };
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  asio::co_spawn(io_, splice_bytes(upstream.socket, exchange.bare_socket(), kAll, kBodyIdle),
                 [&](std::exception_ptr, Result<std::uint64_t>) {
                   back_over = true;
                   end_both();
                   ended.cancel();
                 });
  const auto there =
      co_await splice_bytes(exchange.bare_socket(), upstream.socket, kAll, kBodyIdle);
  static_cast<void>(there);
  end_both();
  while (!back_over) {
    Failure ignored;
    co_await ended.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

asio::awaitable<void> Gateway::relay(HttpExchange& exchange, const Destination& destination,
                                     Upstream& upstream, bool& reusable) {
  // The body's coroutine uses this one's frame: it must be awaited whatever happens.
  co_await asio::this_coro::throw_if_cancelled(false);
  RequestBody body(io_, exchange, upstream);
  std::string head = request_head(exchange, destination);
  // What came of the body with the head goes on with it.
  if (exchange.body_end() == BodyEnd::length) head += exchange.take_buffered();
  const Status begun = co_await upstream.send(head);
  if (begun) co_await body.start();
  bool answered = false;
  if (begun && !wants_upgrade(exchange.request())) {
    body.when_whole([&exchange, &upstream, &answered] {
      if (answered) return;
      exchange.on_peer_end([&upstream](net::PeerEnd end) {
        if (end == net::PeerEnd::gone) return upstream.cut();
        upstream.cut_after(kBodyIdle);
      });
    });
  }
  std::exception_ptr failed;
  try {
    co_await relay_answer(exchange, destination, upstream, body, reusable);
  } catch (...) {
    failed = std::current_exception();
  }
  answered = true;
  if (begun && !body.whole()) {
    reusable = false;
    exchange.close_after();
    co_await body.stop();
  }
  co_await asio::this_coro::throw_if_cancelled(true);
  if (failed) std::rethrow_exception(failed);
}

asio::awaitable<void> Gateway::relay_answer(HttpExchange& exchange, const Destination& destination,
                                            Upstream& upstream, const RequestBody& body,
                                            bool& reusable) {
  const bool upgrading = wants_upgrade(exchange.request());
  std::optional<HttpParser> answer;
  while (true) {
    if (!answer) answer.emplace(HttpParser::Reads::answers);
    const auto used = answer->head(upstream.buffered());
    if (!used) {
      co_await refuse_to(exchange, destination, 502, "The sandbox's answer is not HTTP");
      co_return;
    }
    if (*used > 0) {
      upstream.use(*used);
      const int status = answer->answer().status;
      if (status / 100 != 1 || status == 101) break;
      answer.reset();  // 100-continue was answered here; others are hints.
      continue;
    }
    const Status more = co_await upstream.receive();
    if (more) continue;
    if (body.client_failure() && body.client_failure()->kind == ErrorKind::parse) {
      co_await refuse_to(exchange, destination, 400, body.client_failure()->message);
      co_return;
    }
    const bool there = fleet_.running(destination.id) != nullptr && !upstream.was_cut();
    co_await refuse_to(exchange, destination, 502,
                       there ? "The sandbox closed the connection without an answer"
                             : "The sandbox was not found");
    co_return;
  }
  upstream.streams = answer->answer().status == 101 || answer->body_end() == BodyEnd::chunks ||
                     answer->body_end() == BodyEnd::close;
  if (answer->answer().status == 101) {
    if (!upgrading) {
      co_await refuse_to(exchange, destination, 502, "The sandbox switches protocols unasked");
      co_return;
    }
    co_await both_ways(exchange, upstream, *answer);
    co_return;
  }
  if (exchange.request().method == "HEAD") answer->expect_no_body();
  const Status passed = co_await send_answer(exchange, upstream, *answer);
  if (!passed) exchange.close_after();
  reusable = passed && answer->answer().keep_alive && answer->body_end() != BodyEnd::close &&
             upstream.buffered().empty() && destination.port == kAgentPort;
}

asio::awaitable<void> Gateway::forward(HttpExchange& exchange, Destination destination) {
  if (destination.port == kAgentPort && sandbox_wire::is_preflight(exchange.request())) {
    // As its agent would, also for one that has gone: the page must be able to read that.
    net::HttpReplyHead head(204, sandbox_wire::preflight_headers());
    const Status sent = co_await exchange.reply(std::move(head), std::string());
    static_cast<void>(sent);
    co_return;
  }
  if (destination.port == kAgentPort && is_internal_agent_route(destination.target)) {
    net::HttpReplyHead head(404);
    head.headers.emplace_back("Content-Type", "application/json");
    std::string body =
        dump({{"message", "Not found"}, {"path", destination.target}, {"code", 404}});
    const Status sent = co_await exchange.reply(std::move(head), std::move(body));
    static_cast<void>(sent);
    co_return;
  }
  if (const auto objected = objection(destination, exchange.request())) {
    const int status = objected->status;
    co_await refuse_to(exchange, destination, status, objected->message);
    co_return;
  }
  auto reached = co_await reach(destination);
  if (!reached) {
    const bool there = fleet_.running(destination.id) != nullptr;
    co_await refuse_to(
        exchange, destination, 502,
        there ? "The sandbox is running but port is not open" : "The sandbox was not found");
    co_return;
  }
  std::unique_ptr<Upstream> upstream = std::move(*reached);
  const auto entry = active_.emplace(destination.id, upstream.get());
  bool reusable = false;
  std::exception_ptr failed;
  try {
    co_await relay(exchange, destination, *upstream, reusable);
  } catch (...) {
    failed = std::current_exception();  // Cancelled: the entry must go all the same.
  }
  active_.erase(entry);
  if (failed) std::rethrow_exception(failed);
  upstream->streams = false;
  if (reusable) keep(destination.id, std::move(upstream));
}

}  // namespace genesis::sandbox_server
