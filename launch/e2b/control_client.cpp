#include "launch/e2b/control_client.h"

#include <fmt/format.h>

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

std::string sandbox_path(const std::string& id, std::string_view rest = {}) {
  return fmt::format("/sandboxes/{}{}", percent_encoded(id), rest);
}

}  // namespace

Awaitable<Outcome<SandboxHandle>> ControlClient::create(NewSandbox given) {
  if (calls_.addressing().debug()) co_return debug_sandbox();
  const std::string what = fmt::format("create a sandbox of template '{}'", given.sandbox_template);
  // The second generation knows no `secure`: there, all are.
  const bool first = calls_.addressing().by_path() || (given.secure && !*given.secure);
  ControlRequest request("POST", first ? "/sandboxes" : "/v2/sandboxes",
                         create_message(given, first));
  request.idempotency_key = given.idempotency_key;
  request.tries = calls_.limits().create_tries;
  auto answer = co_await calls_.ask(std::move(request), what);
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
  if (calls_.addressing().debug()) co_return debug_sandbox();
  const std::string what = fmt::format("connect to sandbox {}", id);
  const std::string prefix = calls_.addressing().by_path() ? "" : "/v2";
  ControlRequest request("POST", prefix + sandbox_path(id, "/connect"), timeout_message(lifetime));
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_sandbox(answer->body), what);
}

Awaitable<Outcome<SandboxInfo>> ControlClient::info(std::string id) {
  const std::string what = fmt::format("look at sandbox {}", id);
  ControlRequest request("GET", sandbox_path(id));
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_sandbox_info(answer->body), what);
}

Awaitable<Outcome<std::vector<SandboxInfo>>> ControlClient::list(ListFilter filter) {
  const std::string what = "list sandboxes";
  std::vector<SandboxInfo> all;
  for (int page = 0; page < kMostPages; ++page) {
    ControlRequest request("GET", "/v2/sandboxes" + list_query(filter));
    auto answer = co_await calls_.ask_patiently(std::move(request), what);
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
  if (calls_.addressing().debug()) co_return true;
  const std::string what = fmt::format("end sandbox {}", id);
  ControlRequest request("DELETE", sandbox_path(id));
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
  if (answer) co_return true;
  if (answer.error().kind == FailureKind::not_found) co_return false;
  co_return tl::unexpected<Failure>(answer.error());
}

Awaitable<Outcome<void>> ControlClient::set_lifetime(std::string id,
                                                     std::chrono::seconds lifetime) {
  if (calls_.addressing().debug()) co_return Outcome<void>();
  const std::string what = fmt::format("set the lifetime of sandbox {}", id);
  ControlRequest request("POST", sandbox_path(id, "/timeout"), timeout_message(lifetime));
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return Outcome<void>();
}

Awaitable<Outcome<std::vector<tl::expected<SandboxHandle, std::string>>>> ControlClient::fork(
    std::string id, std::optional<std::chrono::seconds> lifetime, int count) {
  const std::string what = fmt::format("fork sandbox {}", id);
  if (count < 1 || count > 100) {
    co_return fail(FailureKind::refused, fmt::format("{}: {} copies; 1 to 100", what, count));
  }
  ControlRequest request("POST", sandbox_path(id, "/fork"), fork_message(lifetime, count));
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_forks(answer->body), what);
}

Awaitable<Outcome<void>> ControlClient::set_network(std::string id, NetworkRules rules,
                                                    std::optional<bool> internet) {
  const std::string what = fmt::format("set the network rules of sandbox {}", id);
  ControlRequest request("PUT", sandbox_path(id, "/network"), network_message(rules, internet));
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return Outcome<void>();
}

Awaitable<Outcome<bool>> ControlClient::pause(std::string id) {
  const std::string what = fmt::format("pause sandbox {}", id);
  ControlRequest request("POST", sandbox_path(id, "/pause"), "{}");
  const auto deadline = steady_clock::now() + calls_.limits().request;
  auto answer = co_await calls_.ask_once(std::move(request), what, deadline);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  if (answer->head.status / 100 == 2) co_return true;
  if (answer->head.status == 409) co_return false;
  co_return tl::unexpected<Failure>(control_failure(what, answer->head, answer->body));
}

Awaitable<Outcome<std::vector<TemplateInfo>>> ControlClient::templates() {
  const std::string what = "list templates";
  ControlRequest request("GET", "/templates");
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_templates(answer->body), what);
}

Awaitable<Outcome<SnapshotInfo>> ControlClient::create_snapshot(std::string sandbox,
                                                                std::string name) {
  const std::string what = fmt::format("make a snapshot of sandbox {}", sandbox);
  ControlRequest request("POST", sandbox_path(sandbox, "/snapshots"), snapshot_message(name));
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
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
    ControlRequest request("GET", "/snapshots" + query);
    auto answer = co_await calls_.ask_patiently(std::move(request), what);
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
  ControlRequest request("DELETE", "/templates/" + percent_encoded(id));
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
  if (answer) co_return true;
  if (answer.error().kind == FailureKind::not_found) co_return false;
  co_return tl::unexpected<Failure>(answer.error());
}

Awaitable<Outcome<std::vector<SandboxMetrics>>> ControlClient::metrics(std::string id) {
  const std::string what = fmt::format("read the metrics of sandbox {}", id);
  ControlRequest request("GET", sandbox_path(id, "/metrics"));
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_metrics(answer->body), what);
}

Awaitable<Outcome<std::vector<LogLine>>> ControlClient::logs(std::string id, int limit) {
  const std::string what = fmt::format("read the log of sandbox {}", id);
  ControlRequest request("GET", "/v2" + sandbox_path(id, fmt::format("/logs?limit={}", limit)));
  auto answer = co_await calls_.ask_patiently(std::move(request), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_logs(answer->body), what);
}

}  // namespace genesis::launch::e2b
