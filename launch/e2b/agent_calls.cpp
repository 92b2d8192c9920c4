#include "launch/e2b/agent_calls.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "genesis/base/base64.h"
#include "genesis/base/text.h"
#include "launch/e2b/wire_failure.h"

namespace genesis::launch::e2b {
namespace {

using std::chrono::steady_clock;

/// The largest message of a stream that is taken; agents send pieces of 32 KiB.
constexpr std::size_t kMostMessage = 16u << 20;
constexpr std::size_t kMostError = 64u << 10;
/// A stream that has said all has ended with it, as a rule.
constexpr std::chrono::milliseconds kLastWords{1'000};
/// Seconds between signs of life of a stream.
constexpr const char* kKeepAlive = "50";

bool is_transport(FailureKind kind) {
  return kind == FailureKind::unavailable || kind == FailureKind::broken;
}

}  // namespace

MessageStream::MessageStream(const AgentCalls& calls, SandboxHandle sandbox, std::string what,
                             net::HttpAnswer answer)
    : calls_(calls),
      sandbox_(std::move(sandbox)),
      what_(std::move(what)),
      answer_(std::move(answer)),
      reader_(kMostMessage) {}

Awaitable<Outcome<std::optional<std::string>>> MessageStream::next() {
  Failure failure;
  for (;;) {
    auto envelope = reader_.next();
    if (!envelope) {
      co_return fail(FailureKind::broken, fmt::format("{}: {}", what_, envelope.error().message));
    }
    if (*envelope && !(*envelope)->last) co_return std::move((*envelope)->payload);
    if (*envelope) {
      auto ended = end_of_stream_failure(what_, (*envelope)->payload);
      if (!ended) co_return std::optional<std::string>();
      failure = std::move(*ended);
      break;
    }
    answer_.set_deadline(steady_clock::now() + calls_.limits().stream_silence);
    const auto count = co_await answer_.append_to(reader_.input());
    if (!count) {
      failure = transport_failure(what_, count.error());
      // Only the silence of what should say that it is alive: the call itself has no deadline here.
      if (failure.kind == FailureKind::deadline || failure.kind == FailureKind::unavailable) {
        failure.kind = FailureKind::broken;
      }
      break;
    }
    if (*count == 0) {
      failure = Failure(FailureKind::broken, what_ + ": the stream ended without its last message");
      break;
    }
  }
  if (!is_transport(failure.kind)) co_return tl::unexpected<Failure>(failure);
  failure = co_await calls_.explained(sandbox_, failure);
  co_return tl::unexpected<Failure>(failure);
}

Awaitable<void> MessageStream::finish() {
  answer_.set_deadline(steady_clock::now() + kLastWords);
  std::string rest;
  while (!answer_.body_done() && rest.size() < kMostError) {
    const auto count = co_await answer_.append_to(rest);
    if (!count || *count == 0) break;
  }
}

AgentCalls::AgentCalls(boost::asio::io_context& io, net::HttpClient& http,
                       const Addressing& addressing, const ProviderLimits& limits)
    : io_(io), http_(http), addressing_(addressing), limits_(limits) {}

steady_clock::time_point AgentCalls::deadline() const {
  return steady_clock::now() + limits_.request;
}

net::HttpCall AgentCalls::call(std::string method, const SandboxHandle& sandbox,
                               std::string_view target) const {
  net::HttpCall made(
      std::move(method),
      addressing_.port_url(sandbox.id, sandbox.domain, kAgentPort) + std::string(target));
  made.headers = addressing_.routing(sandbox.id, kAgentPort);
  if (!sandbox.access_token.empty()) {
    made.headers.emplace_back("X-Access-Token", sandbox.access_token);
  }
  return made;
}

net::HttpCall AgentCalls::rpc(const SandboxHandle& sandbox, const std::string& method,
                              const std::string& user) const {
  net::HttpCall made = call("POST", sandbox, "/" + method);
  made.headers.emplace_back("Connect-Protocol-Version", "1");
  const std::string acting = acting_user(sandbox, user);
  if (!acting.empty()) {
    made.headers.emplace_back("Authorization", "Basic " + to_base64(acting + ":"));
  }
  return made;
}

Awaitable<Outcome<net::HttpAnswer>> AgentCalls::send(net::HttpCall call, SandboxHandle sandbox,
                                                     std::string what) const {
  const auto until = deadline();
  auto answer = co_await http_.send(std::move(call), until);
  if (answer) co_return std::move(*answer);
  Failure failure = transport_failure(what, answer.error());
  if (!is_transport(failure.kind)) co_return tl::unexpected<Failure>(failure);
  failure = co_await explained(std::move(sandbox), failure);
  co_return tl::unexpected<Failure>(failure);
}

Awaitable<Outcome<std::string>> AgentCalls::text_of(net::HttpCall call, SandboxHandle sandbox,
                                                    std::string what, FailureOf refused) const {
  auto answer = co_await send(std::move(call), sandbox, what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  auto body = co_await answer->whole(limits_.answer_bytes);
  if (!body) {
    Failure failure = transport_failure(what, body.error());
    if (is_transport(failure.kind)) failure = co_await explained(sandbox, failure);
    co_return tl::unexpected<Failure>(failure);
  }
  if (answer->status() / 100 != 2) {
    co_return tl::unexpected<Failure>(refused(what, answer->head(), body->text));
  }
  if (body->truncated) {
    co_return fail(FailureKind::too_large, what + ": the answer is larger than expected");
  }
  co_return std::move(body->text);
}

Awaitable<Outcome<std::string>> AgentCalls::rest(net::HttpCall call, SandboxHandle sandbox,
                                                 std::string what) const {
  return text_of(std::move(call), std::move(sandbox), std::move(what), &agent_failure);
}

Awaitable<Outcome<std::string>> AgentCalls::unary(SandboxHandle sandbox, std::string method,
                                                  std::string message, std::string user,
                                                  std::string what) const {
  net::HttpCall made = rpc(sandbox, method, user);
  made.headers.emplace_back("Content-Type", "application/json");
  made.headers.emplace_back("Connect-Timeout-Ms", std::to_string(limits_.request.count()));
  made.body = std::move(message);
  return text_of(std::move(made), std::move(sandbox), std::move(what), &rpc_failure);
}

Awaitable<Outcome<std::unique_ptr<MessageStream>>> AgentCalls::stream(
    SandboxHandle sandbox, std::string method, std::string message, std::string user,
    std::optional<std::chrono::milliseconds> time_limit, std::string what) const {
  net::HttpCall made = rpc(sandbox, method, user);
  made.headers.emplace_back("Content-Type", "application/connect+json");
  made.headers.emplace_back("Keepalive-Ping-Interval", kKeepAlive);
  if (time_limit) {
    made.headers.emplace_back("Connect-Timeout-Ms", std::to_string(time_limit->count()));
  }
  made.body = to_envelope(message);
  auto answer = co_await send(std::move(made), sandbox, what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  if (answer->status() != 200) {
    const auto body = co_await answer->whole(kMostError);
    const std::string text = body ? body->text : std::string();
    co_return tl::unexpected<Failure>(rpc_failure(what, answer->head(), text));
  }
  const std::string* const type = answer->head().find("Content-Type");
  if (type == nullptr || !starts_with_ignore_case(*type, "application/connect+json")) {
    co_return fail(FailureKind::broken, what +
                                            ": the answer is no Connect stream; is something "
                                            "else at this address?");
  }
  co_return std::make_unique<MessageStream>(*this, std::move(sandbox), std::move(what),
                                            std::move(*answer));
}

Awaitable<Outcome<bool>> AgentCalls::is_running(SandboxHandle sandbox) const {
  const std::string what = fmt::format("ask whether sandbox {} is there", sandbox.id);
  net::HttpCall made = call("GET", sandbox, "/health");
  auto answer = co_await http_.send(std::move(made), steady_clock::now() + limits_.probe);
  if (!answer) co_return tl::unexpected<Failure>(transport_failure(what, answer.error()));
  auto body = co_await answer->whole(kMostError);
  if (!body) co_return tl::unexpected<Failure>(transport_failure(what, body.error()));
  if (answer->status() / 100 == 2) co_return true;
  Failure failure = agent_failure(what, answer->head(), body->text);
  if (failure.kind == FailureKind::sandbox_gone) co_return false;
  co_return tl::unexpected<Failure>(std::move(failure));
}

Awaitable<Failure> AgentCalls::explained(SandboxHandle sandbox, Failure failure) const {
  net::HttpCall probe = call("GET", sandbox, "/health");
  auto answer = co_await http_.send(std::move(probe), steady_clock::now() + limits_.probe);
  if (!answer || answer->status() / 100 == 2) co_return failure;
  const auto body = co_await answer->whole(kMostError);
  if (!body) co_return failure;
  const Failure told = agent_failure("", answer->head(), body->text);
  if (told.kind != FailureKind::sandbox_gone) co_return failure;
  co_return Failure(FailureKind::sandbox_gone,
                    fmt::format("{}; sandbox {} was killed, paused or reached its end of life{}",
                                failure.message, sandbox.id, told.message));
}

bool agent_is_at_least(const SandboxHandle& sandbox, int major, int minor, int patch) {
  if (sandbox.agent_version.empty()) return true;
  const std::array<int, 3> wanted{major, minor, patch};
  std::array<int, 3> has{0, 0, 0};
  const auto parts = split(sandbox.agent_version, '.');
  for (std::size_t i = 0; i < has.size() && i < parts.size(); ++i) {
    std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), has[i]);
  }
  return has >= wanted;
}

std::string acting_user(const SandboxHandle& sandbox, const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  return agent_is_at_least(sandbox, 0, 4, 0) ? std::string() : std::string("user");
}

}  // namespace genesis::launch::e2b
