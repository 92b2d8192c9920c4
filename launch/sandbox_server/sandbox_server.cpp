#include "launch/sandbox_server/sandbox_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "genesis/base/hash.h"
#include "launch/sandbox_server/json_text.h"
#include "launch/sandbox_server/kruise_metadata.h"
#include "launch/sandbox_server/signed_files.h"
#include "launch/sandbox_wire/cross_origin.h"

namespace genesis::sandbox_server {

namespace asio = boost::asio;
using Kind = Destination::Kind;

namespace {

constexpr std::size_t kMostBody = 1u << 20;
/// Whoever guesses keys waits for each answer.
constexpr Millis kWrongKeyPause{250};

}  // namespace

SandboxServer::SandboxServer(asio::io_context& io, const ServerConfig& config, const Clock& clock,
                             SandboxSpawner& spawner)
    : io_(io),
      stream_grace_(io),
      config_(config),
      keys_(config.teams),
      fleet_(io, config, clock, spawner),
      gateway_(io, fleet_),
      control_(config, fleet_),
      kruise_(config, fleet_),
      http_(io, [this](net::HttpExchange& exchange) { return handle(exchange); }) {}

asio::awaitable<Result<std::uint16_t>> SandboxServer::open() {
  const Status opened = co_await fleet_.open();
  if (!opened) co_return tl::unexpected<Error>(opened.error());
  if (config_.tls_certificate.empty()) co_return http_.listen_tcp(config_.address, config_.port);
  tls_.emplace(io_, [this](int client) { http_.serve(client); });
  const Status loaded = tls_->load(config_.tls_certificate, config_.tls_key);
  if (!loaded) co_return tl::unexpected<Error>(loaded.error());
  co_return tls_->listen_tcp(config_.address, config_.port);
}

asio::awaitable<void> SandboxServer::close() {
  tls_.reset();
  const auto deadline = std::chrono::steady_clock::now() + config_.stop_patience;
  end_streams();
  co_await http_.stop(deadline);
  stream_grace_.cancel();
  co_await fleet_.close(config_.at_stop);
}

/// They might never end; who follows one takes it up again at the next server.
void SandboxServer::end_streams() {
  constexpr std::chrono::seconds kGrace{1};
  stream_grace_.expires_after(kGrace);
  stream_grace_.async_wait([this](const boost::system::error_code& stopped) {
    if (stopped) return;
    gateway_.cut_streams();
    end_streams();
  });
}

asio::awaitable<void> SandboxServer::refuse_plainly(net::HttpExchange& exchange, Refusal refusal) {
  net::HttpReplyHead head(refusal.status);
  head.headers.emplace_back("Content-Type", "application/json");
  exchange.add_headers(sandbox_wire::cross_origin_headers(exchange.request()));
  std::string body = error_body(refusal);
  const Status sent = co_await exchange.reply(std::move(head), std::move(body));
  static_cast<void>(sent);
}

Millis SandboxServer::empty_for() const {
  if (requests_ > 0 || fleet_.lifecycle().count() > 0) return Millis{0};
  const auto since = std::max(last_used_, fleet_.last_end());
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - since);
}

asio::awaitable<void> SandboxServer::handle(net::HttpExchange& exchange) {
  struct InProgress {
    explicit InProgress(SandboxServer& of) : server(of) { ++server.requests_; }
    ~InProgress() {
      --server.requests_;
      server.last_used_ = std::chrono::steady_clock::now();
    }
    SandboxServer& server;
  };
  const InProgress in_progress(*this);
  co_await answer(exchange);
}

asio::awaitable<void> SandboxServer::answer(net::HttpExchange& exchange) {
  auto destination = route(exchange.request());
  if (!destination) {
    co_await refuse_plainly(exchange, destination.error());
    co_return;
  }
  if (destination->kind == Kind::signed_file) {
    destination->id = signer_of(exchange.request().method, destination->target, fleet_.lifecycle());
    if (destination->id.empty()) {
      Refusal refusal(401, "no running sandbox has signed this URL");
      co_await refuse_plainly(exchange, std::move(refusal));
      co_return;
    }
    destination->kind = Kind::sandbox;
    destination->port = kAgentPort;
  }
  if (destination->kind == Kind::sandbox) {
    co_await gateway_.forward(exchange, std::move(*destination));
    co_return;
  }
  if (sandbox_wire::is_preflight(exchange.request())) {
    net::HttpReplyHead head(204, sandbox_wire::preflight_headers());
    const Status sent = co_await exchange.reply(std::move(head), std::string());
    static_cast<void>(sent);
    co_return;
  }
  co_await answer_api(exchange, std::move(*destination));
}

asio::awaitable<void> SandboxServer::answer_api(net::HttpExchange& exchange,
                                                Destination destination) {
  const net::HttpRequestHead& request = exchange.request();
  ApiCall call;
  call.method = request.method;
  call.target = parse_target(destination.target);
  const std::string* const key = request.find("x-api-key");
  if (key) call.team = keys_.team_of(raw_kruise_key(*key));
  if (key && !call.team) {
    asio::steady_timer pause(io_, kWrongKeyPause);
    boost::system::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (const auto* const once = request.find("idempotency-key")) call.idempotency_key = *once;
  if (call.team) {  // Nobody else's body is read.
    auto body = co_await exchange.read_whole_body(kMostBody);
    if (!body) {
      const bool too_long = body.error().kind == ErrorKind::invalid_argument;
      Refusal refusal(too_long ? 413 : 400, body.error().message);
      co_await refuse_plainly(exchange, std::move(refusal));
      co_return;
    }
    call.body = std::move(*body);
  }
  Reply reply;
  if (destination.kind == Kind::kruise_api) {
    const std::string* const given = request.find("x-request-id");
    std::string request_id = given && given->size() <= 64 ? *given : random_hex(32);
    reply = co_await kruise_.answer(std::move(call), std::move(request_id));
  } else {
    reply = co_await control_.answer(std::move(call));
  }
  net::HttpReplyHead head(reply.status, std::move(reply.headers));
  exchange.add_headers(sandbox_wire::cross_origin_headers(exchange.request()));
  const Status sent = co_await exchange.reply(std::move(head), std::move(reply.body));
  static_cast<void>(sent);
}

}  // namespace genesis::sandbox_server
