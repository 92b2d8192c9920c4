#include "launch/e2b/control_client.h"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "launch/e2b/agent_calls.h"
#include "launch/e2b/wire_failure.h"

namespace genesis::launch::e2b {
namespace {

using std::chrono::steady_clock;

constexpr int kMostPages = 10'000;
/// In debugging there is one agent and no control plane.
constexpr const char* kDebugSandbox = "debug_sandbox_id";

SandboxHandle debug_sandbox() {
  SandboxHandle handle;
  handle.id = kDebugSandbox;
  handle.agent_version = "99.99.99";
  return handle;
}

/// A value, or the failure that what came is not what it should be.
template <typename T>
Outcome<T> taken(Result<T> parsed, const std::string& what) {
  if (parsed) return std::move(*parsed);
  return fail(FailureKind::broken, fmt::format("{}: {}", what, parsed.error().message));
}

bool means_no_template(const net::HttpAnswerHead& head, std::string_view body) {
  if (head.status == 404) return true;
  // OpenKruise answers 400.
  return head.status == 400 && body.find("emplate") != std::string_view::npos &&
         body.find("not found") != std::string_view::npos;
}

std::string sandbox_path(const std::string& id, std::string_view rest = {}) {
  return fmt::format("/sandboxes/{}{}", percent_encoded(id), rest);
}

}  // namespace

ControlClient::ControlClient(boost::asio::io_context& io, net::HttpClient& http,
                             const Addressing& addressing, const ProviderLimits& limits)
    : io_(io), http_(http), addressing_(addressing), limits_(limits) {}

Awaitable<Outcome<ControlClient::Answer>> ControlClient::ask_once(
    const Request& request, const std::string& what, steady_clock::time_point deadline) {
  net::HttpCall call(request.method, addressing_.control_url(request.path));
  if (!addressing_.api_key().empty()) {
    call.headers.emplace_back("X-API-Key", addressing_.api_key());
  }
  if (!request.idempotency_key.empty()) {
    call.headers.emplace_back("Idempotency-Key", request.idempotency_key);
  }
  if (!request.body.empty()) call.headers.emplace_back("Content-Type", "application/json");
  call.body = request.body;
  auto sent = co_await http_.send(std::move(call), deadline);
  if (!sent) co_return tl::unexpected<Failure>(transport_failure(what, sent.error()));
  auto body = co_await sent->whole(limits_.answer_bytes);
  if (!body) co_return tl::unexpected<Failure>(transport_failure(what, body.error()));
  if (body->truncated) {
    co_return fail(FailureKind::too_large, what + ": the answer is larger than expected");
  }
  Answer answer;
  answer.head = sent->head();
  answer.body = std::move(body->text);
  co_return answer;
}

Awaitable<Outcome<ControlClient::Answer>> ControlClient::ask(Request request, std::string what) {
  const auto deadline = steady_clock::now() + limits_.request;
  for (int tries = 1;; ++tries) {
    auto answer = co_await ask_once(request, what, deadline);
    if (!answer) co_return answer;
    if (answer->head.status / 100 == 2) co_return answer;
    Failure failure = control_failure(what, answer->head, answer->body);
    if (failure.kind == FailureKind::refused && request.method == "POST" &&
        means_no_template(answer->head, answer->body)) {
      failure.kind = FailureKind::not_found;
    }
    const bool wait = answer->head.status == 429 && failure.retry_after && tries < request.tries &&
                      steady_clock::now() + *failure.retry_after < deadline;
    if (!wait) co_return tl::unexpected<Failure>(failure);
    boost::asio::steady_timer timer(io_, *failure.retry_after);
    try {
      co_await timer.async_wait(boost::asio::use_awaitable);
    } catch (const boost::system::system_error&) {
      co_return fail(FailureKind::cancelled, what + ": cancelled");
    }
  }
}

Awaitable<Outcome<SandboxHandle>> ControlClient::create(NewSandbox given) {
  if (addressing_.debug()) co_return debug_sandbox();
  const std::string what = fmt::format("create a sandbox of template '{}'", given.sandbox_template);
  // The second generation knows no `secure`: there, all are.
  const bool first = addressing_.by_path() || (given.secure && !*given.secure);
  Request request("POST", first ? "/sandboxes" : "/v2/sandboxes", create_message(given, first));
  request.idempotency_key = given.idempotency_key;
  request.tries = limits_.create_tries;
  auto answer = co_await ask(std::move(request), what);
  if (!answer) {
    Failure failure = answer.error();
    if (failure.kind == FailureKind::not_found) {
      failure.kind = FailureKind::unknown_template;
      failure.message += "; `genesis sandbox templates` lists those that there are";
    }
    co_return tl::unexpected<Failure>(failure);
  }
  auto handle = taken(parse_sandbox(answer->body), what);
  if (!handle || agent_is_at_least(*handle, 0, 1, 0)) co_return handle;
  const std::string id = handle->id;
  static_cast<void>(co_await kill(id));
  co_return fail(FailureKind::refused,
                 what + ": its agent is too old to be talked to; the template must be made anew");
}

Awaitable<Outcome<SandboxHandle>> ControlClient::connect(std::string id,
                                                         std::chrono::seconds lifetime) {
  if (addressing_.debug()) co_return debug_sandbox();
  const std::string what = fmt::format("connect to sandbox {}", id);
  const std::string prefix = addressing_.by_path() ? "" : "/v2";
  Request request("POST", prefix + sandbox_path(id, "/connect"), timeout_message(lifetime));
  request.tries = limits_.rate_limit_tries;
  auto answer = co_await ask(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_sandbox(answer->body), what);
}

Awaitable<Outcome<SandboxInfo>> ControlClient::info(std::string id) {
  const std::string what = fmt::format("look at sandbox {}", id);
  Request request("GET", sandbox_path(id));
  request.tries = limits_.rate_limit_tries;
  auto answer = co_await ask(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_sandbox_info(answer->body), what);
}

Awaitable<Outcome<std::vector<SandboxInfo>>> ControlClient::list(ListFilter filter) {
  const std::string what = "list sandboxes";
  std::vector<SandboxInfo> all;
  for (int page = 0; page < kMostPages; ++page) {
    Request request("GET", "/v2/sandboxes" + list_query(filter));
    request.tries = limits_.rate_limit_tries;
    auto answer = co_await ask(std::move(request), what);
    if (!answer) co_return tl::unexpected<Failure>(answer.error());
    auto some = taken(parse_sandbox_list(answer->body), what);
    if (!some) co_return some;
    for (SandboxInfo& info : *some) all.push_back(std::move(info));
    const std::string* const next = answer->head.find("X-Next-Token");
    if (next == nullptr || next->empty()) co_return all;
    filter.next_token = *next;
  }
  co_return fail(FailureKind::broken, what + ": the pages have no end");
}

Awaitable<Outcome<bool>> ControlClient::kill(std::string id) {
  if (addressing_.debug()) co_return true;
  const std::string what = fmt::format("end sandbox {}", id);
  Request request("DELETE", sandbox_path(id));
  request.tries = limits_.rate_limit_tries;
  auto answer = co_await ask(std::move(request), what);
  if (answer) co_return true;
  if (answer.error().kind == FailureKind::not_found) co_return false;
  co_return tl::unexpected<Failure>(answer.error());
}

Awaitable<Outcome<void>> ControlClient::set_lifetime(std::string id,
                                                     std::chrono::seconds lifetime) {
  if (addressing_.debug()) co_return Outcome<void>();
  const std::string what = fmt::format("set the lifetime of sandbox {}", id);
  Request request("POST", sandbox_path(id, "/timeout"), timeout_message(lifetime));
  request.tries = limits_.rate_limit_tries;
  auto answer = co_await ask(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return Outcome<void>();
}

Awaitable<Outcome<bool>> ControlClient::pause(std::string id) {
  const std::string what = fmt::format("pause sandbox {}", id);
  Request request("POST", sandbox_path(id, "/pause"), "{}");
  request.tries = limits_.rate_limit_tries;
  const auto deadline = steady_clock::now() + limits_.request;
  auto answer = co_await ask_once(request, what, deadline);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  if (answer->head.status / 100 == 2) co_return true;
  if (answer->head.status == 409) co_return false;
  co_return tl::unexpected<Failure>(control_failure(what, answer->head, answer->body));
}

Awaitable<Outcome<std::vector<TemplateInfo>>> ControlClient::templates() {
  const std::string what = "list templates";
  Request request("GET", "/templates");
  request.tries = limits_.rate_limit_tries;
  auto answer = co_await ask(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_templates(answer->body), what);
}

Awaitable<Outcome<SnapshotInfo>> ControlClient::create_snapshot(std::string sandbox,
                                                                std::string name) {
  const std::string what = fmt::format("make a snapshot of sandbox {}", sandbox);
  Request request("POST", sandbox_path(sandbox, "/snapshots"), snapshot_message(name));
  request.tries = limits_.rate_limit_tries;
  auto answer = co_await ask(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_snapshot(answer->body), what);
}

Awaitable<Outcome<std::vector<SnapshotInfo>>> ControlClient::snapshots(std::string sandbox) {
  const std::string what = "list snapshots";
  std::vector<SnapshotInfo> all;
  std::string token;
  for (int page = 0; page < kMostPages; ++page) {
    std::string query = "?limit=100";
    if (!sandbox.empty()) query += "&sandboxID=" + percent_encoded(sandbox);
    if (!token.empty()) query += "&nextToken=" + percent_encoded(token);
    Request request("GET", "/snapshots" + query);
    request.tries = limits_.rate_limit_tries;
    auto answer = co_await ask(std::move(request), what);
    if (!answer) co_return tl::unexpected<Failure>(answer.error());
    auto some = taken(parse_snapshots(answer->body), what);
    if (!some) co_return some;
    for (SnapshotInfo& snapshot : *some) all.push_back(std::move(snapshot));
    const std::string* const next = answer->head.find("X-Next-Token");
    if (next == nullptr || next->empty()) co_return all;
    token = *next;
  }
  co_return fail(FailureKind::broken, what + ": the pages have no end");
}

Awaitable<Outcome<bool>> ControlClient::delete_snapshot(std::string id) {
  const std::string what = fmt::format("delete snapshot {}", id);
  Request request("DELETE", "/templates/" + percent_encoded(id));
  request.tries = limits_.rate_limit_tries;
  auto answer = co_await ask(std::move(request), what);
  if (answer) co_return true;
  if (answer.error().kind == FailureKind::not_found) co_return false;
  co_return tl::unexpected<Failure>(answer.error());
}

Awaitable<Outcome<std::vector<SandboxMetrics>>> ControlClient::metrics(std::string id) {
  const std::string what = fmt::format("read the metrics of sandbox {}", id);
  Request request("GET", sandbox_path(id, "/metrics"));
  request.tries = limits_.rate_limit_tries;
  auto answer = co_await ask(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_metrics(answer->body), what);
}

Awaitable<Outcome<std::vector<LogLine>>> ControlClient::logs(std::string id, int limit) {
  const std::string what = fmt::format("read the log of sandbox {}", id);
  Request request("GET", "/v2" + sandbox_path(id, fmt::format("/logs?limit={}", limit)));
  request.tries = limits_.rate_limit_tries;
  auto answer = co_await ask(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_logs(answer->body), what);
}

}  // namespace genesis::launch::e2b
