#include "launch/sandbox_server/envd/agent.h"

#include <nlohmann/json.hpp>

#include "genesis/base/text.h"
#include "launch/sandbox_server/envd/rpc_call.h"
#include "launch/sandbox_wire/cross_origin.h"
#include "launch/sandbox_wire/json_text.h"

namespace genesis::envd {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kProcessPrefix = "/process.Process/";
constexpr std::string_view kFilesystemPrefix = "/filesystem.Filesystem/";

bool is_call(std::string_view path) {
  return path.starts_with(kProcessPrefix) || path.starts_with(kFilesystemPrefix);
}

bool is_stream(std::string_view path) {
  return path.ends_with("/Start") || path.ends_with("/Connect") || path.ends_with("/StreamInput") ||
         path.ends_with("/WatchDir");
}

/// "application/json; charset=utf-8" is application/json.
bool has_type(const net::HttpRequestHead& head, std::string_view wanted) {
  const std::string* type = head.find("Content-Type");
  if (type == nullptr) return false;
  const std::string_view bare = trim(std::string_view(*type).substr(0, type->find(';')));
  return bare.size() == wanted.size() && starts_with_ignore_case(bare, wanted);
}

}  // namespace

bool Agent::may_pass(const net::HttpRequestHead& head, const std::string& path) const {
  if (context_.state.access_token.empty()) return true;
  // These look for themselves: a signature may stand in for the token; a health probe has none.
  if (path == "/health" || path == "/files" || path == "/init") return true;
  const std::string* token = head.find("X-Access-Token");
  return token != nullptr && sandbox_wire::equal_secrets(*token, context_.state.access_token);
}

asio::awaitable<void> Agent::handle(net::HttpExchange& exchange) {
  if (sandbox_wire::is_preflight(exchange.request())) {
    co_await reply_empty(exchange, 204, sandbox_wire::preflight_headers());
    co_return;
  }
  exchange.add_headers(sandbox_wire::cross_origin_headers(exchange.request()));
  auto target = parse_target(exchange.request().target);
  if (!target) {
    co_await reply_error(exchange, 400, target.error().message);
    co_return;
  }
  if (!may_pass(exchange.request(), target->path)) {
    co_await reply_error(exchange, 401,
                         "the header X-Access-Token is missing or not this sandbox's");
    co_return;
  }
  co_await route(exchange, std::move(*target));
}

asio::awaitable<void> Agent::route(net::HttpExchange& exchange, Target target) {
  const std::string method = exchange.request().method;
  const std::string path = target.path;
  const bool get = method == "GET" || method == "HEAD";
  const bool post = method == "POST";
  if (is_call(path)) {
    if (post) {
      co_await call(exchange, path);
    } else {
      co_await reply_error(exchange, 405, "calls are made by POST");
    }
  } else if (path == "/health" && get) {
    net::Headers none;
    co_await reply_empty(exchange, 204, std::move(none));
  } else if (path == "/files" && get) {
    co_await files_.download(exchange, std::move(target));
  } else if (path == "/files" && post) {
    co_await files_.upload(exchange, std::move(target));
  } else if (path == "/files/compose" && post) {
    co_await files_.compose(exchange);
  } else if (path == "/metrics" && get) {
    std::string metrics = metrics_.read();
    co_await reply_json(exchange, 200, std::move(metrics));
  } else if (path == "/envs" && get) {
    co_await environment(exchange);
  } else if (path == "/init" && post) {
    co_await init(exchange);
  } else {
    const bool known = path == "/health" || path == "/files" || path == "/files/compose" ||
                       path == "/metrics" || path == "/envs" || path == "/init";
    // Not in the await itself: g++ 12 destroys such a conditional's strings twice.
    std::string message = "there is no '" + path + "' here";
    if (known) message = "'" + path + "' does not answer " + method;
    co_await reply_error(exchange, known ? 405 : 404, std::move(message));
  }
}

asio::awaitable<void> Agent::call(net::HttpExchange& exchange, std::string path) {
  const char* type = is_stream(path) ? "application/connect+json" : "application/json";
  if (!has_type(exchange.request(), type)) {
    net::HttpReplyHead head(415);
    head.headers.emplace_back("Accept-Post", type);
    std::string nothing;
    co_await exchange.reply(std::move(head), std::move(nothing));
    co_return;
  }
  const std::string_view whole(path);
  if (whole.starts_with(kProcessPrefix)) {
    co_await processes_.handle(exchange, whole.substr(kProcessPrefix.size()));
  } else {
    co_await filesystem_.handle(exchange, whole.substr(kFilesystemPrefix.size()));
  }
}

asio::awaitable<void> Agent::init(net::HttpExchange& exchange) {
  const Result<std::string> body = co_await exchange.read_whole_body(kMaxMessage);
  const auto request = body ? parse_init(*body) : tl::unexpected<Error>(body.error());
  if (!request) {
    co_await reply_error(exchange, 400, request.error().message);
    co_return;
  }
  if (!context_.state.apply(*request)) {
    co_await reply_error(exchange, 401, "another access token is set");
    co_return;
  }
  net::Headers headers;
  headers.emplace_back("X-Envd-Version", kEnvdVersion);
  headers.emplace_back("Cache-Control", "no-store");
  co_await reply_empty(exchange, 204, std::move(headers));
}

asio::awaitable<void> Agent::environment(net::HttpExchange& exchange) {
  Environment merged = context_.state.environment;
  for (const auto& [name, value] : context_.state.reserved) merged[name] = value;
  const nlohmann::json object = merged;
  net::HttpReplyHead head(200);
  head.headers.emplace_back("Content-Type", "application/json");
  head.headers.emplace_back("Cache-Control", "no-store");
  std::string text = merged.empty() ? "{}" : sandbox_wire::to_json_text(object);
  co_await exchange.reply(std::move(head), std::move(text));
}

}  // namespace genesis::envd
