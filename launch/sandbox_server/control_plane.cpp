#include "launch/sandbox_server/control_plane.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "genesis/base/text.h"
#include "launch/sandbox_server/create_request.h"
#include "launch/sandbox_server/json_text.h"
#include "launch/sandbox_server/prometheus_page.h"

namespace genesis::sandbox_server {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

Reply refused(int status, std::string message) {
  return Reply(Refusal(status, std::move(message)));
}

template <typename T>
Reply refused(const Answer<T>& answer) {
  return Reply(answer.error());
}

}  // namespace

const std::vector<ControlPlane::Route>& ControlPlane::routes() {
  using C = ControlPlane;
  static const std::vector<Route> table{
      {"GET", "/health", &C::health, true},
      {"GET", "/metrics", &C::prometheus, true},
      {"POST", "/sandboxes", &C::create_v1},
      {"POST", "/v2/sandboxes", &C::create_v2},
      {"GET", "/sandboxes", &C::list_v1},
      {"GET", "/v2/sandboxes", &C::list_v2},
      {"GET", "/sandboxes/metrics", &C::batch_metrics},
      {"GET", "/sandboxes/*", &C::info},
      {"DELETE", "/sandboxes/*", &C::kill},
      {"POST", "/sandboxes/*/connect", &C::connect_v1},
      {"POST", "/v2/sandboxes/*/connect", &C::connect_v2},
      {"POST", "/sandboxes/*/resume", &C::resume},
      {"POST", "/sandboxes/*/pause", &C::pause},
      {"POST", "/sandboxes/*/timeout", &C::set_timeout},
      {"POST", "/sandboxes/*/refreshes", &C::refresh},
      {"PUT", "/sandboxes/*/network", &C::network},
      {"GET", "/sandboxes/*/metrics", &C::metrics},
      {"GET", "/sandboxes/*/logs", &C::logs_v1},
      {"GET", "/v2/sandboxes/*/logs", &C::logs_v2},
      {"POST", "/sandboxes/*/fork", &C::no_snapshot},
      {"POST", "/sandboxes/*/snapshots", &C::no_snapshot},
      {"GET", "/snapshots", &C::snapshots},
      {"GET", "/templates", &C::templates},
      {"GET", "/templates/aliases/*", &C::template_alias},
      {"GET", "/templates/*", &C::template_info},
      {"GET", "/templates/*/tags", &C::template_tags},
      {"DELETE", "/templates/tags", &C::not_built},  // Before the names: the first match answers.
      {"DELETE", "/templates/*", &C::template_delete},
      {"POST", "/v3/templates", &C::not_built},
      {"POST", "/v2/templates", &C::not_built},
      {"POST", "/templates", &C::not_built},
      {"POST", "/templates/*", &C::not_built},
      {"POST", "/templates/tags", &C::not_built},
      {"GET", "/templates/*/files/*", &C::not_built},
      {"POST", "/templates/*/builds/*", &C::not_built},
      {"POST", "/v2/templates/*/builds/*", &C::not_built},
      {"GET", "/templates/*/builds/*/status", &C::not_built},
  };
  return table;
}

bool ControlPlane::matches(const char* path, const Target& target, std::string& id) {
  const auto parts = split(std::string_view(path).substr(1), '/');
  if (parts.size() != target.segments.size()) return false;
  id.clear();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] != "*") {
      if (parts[i] != target.segments[i]) return false;
    } else if (id.empty()) {
      id = target.segments[i];
    }
  }
  return true;
}

asio::awaitable<Reply> ControlPlane::answer(ApiCall call) {
  std::string id;
  std::string allowed;
  for (const Route& route : routes()) {
    if (!matches(route.path, call.target, id)) continue;
    if (call.method != route.method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    if (!route.open && !call.team) {
      co_return refused(401, "Invalid API key: none of this server's teams has it");
    }
    // Old clients add "-<client id>".
    if (call.target.segments.size() > 1 &&
        call.target.path.find("sandboxes/") != std::string::npos) {
      id.resize(std::min(id.size(), id.find('-')));
    }
    co_return co_await (this->*route.handler)(std::move(call), std::move(id));
  }
  if (!call.team) co_return refused(401, "Invalid API key: none of this server's teams has it");
  if (!allowed.empty()) {
    Reply reply = refused(405, fmt::format("{} is not served here, but {}", call.method, allowed));
    reply.headers.emplace_back("Allow", allowed);
    co_return reply;
  }
  co_return refused(404, fmt::format("no such route: {} {}", call.method, call.target.path));
}

asio::awaitable<Reply> ControlPlane::create_v1(ApiCall call, std::string) {
  return create(std::move(call), false);
}

asio::awaitable<Reply> ControlPlane::create_v2(ApiCall call, std::string) {
  return create(std::move(call), true);
}

asio::awaitable<Reply> ControlPlane::create(ApiCall call, bool v2) {
  const auto body = parse_body(call.body);
  if (!body) co_return refused(body);
  auto record = read_create_request(*body, v2 ? ApiVersion::v2 : ApiVersion::v1, config_);
  if (!record) co_return refused(record);
  record->team = call.team->name;
  record->idempotency_key = call.idempotency_key;
  if (!call.idempotency_key.empty()) {
    for (const auto& [known_id, known] : fleet_.lifecycle().all()) {
      if (known.team != record->team || known.idempotency_key != call.idempotency_key) continue;
      if (known.state == SandboxState::running) {
        co_return Reply(201, sandbox_json(known, config_));
      }
      Refusal refusal(409, "a sandbox with this idempotency key is being started or ended");
      refusal.error_code = "sandbox_start_in_flight";
      co_return Reply(refusal);
    }
  }
  const auto made = co_await fleet_.create(std::move(*record), call.team->max_sandboxes);
  if (!made) co_return refused(made);
  co_return Reply(201, sandbox_json(*made, config_));
}

std::vector<const SandboxRecord*> ControlPlane::sandboxes_of(const TeamConfig& team) const {
  std::vector<const SandboxRecord*> mine;
  for (const auto& [id, record] : fleet_.lifecycle().all()) {
    if (record.team == team.name) mine.push_back(&record);
  }
  return mine;
}

asio::awaitable<Reply> ControlPlane::list_v1(ApiCall call, std::string) {
  ListQuery query;
  if (const auto* const metadata = call.target.find("metadata")) {
    query.metadata = read_metadata_filter(*metadata);
  }
  query.paused = false;
  query.limit = fleet_.lifecycle().count() + 1;
  json list = json::array();
  for (const auto* const record : page_of(sandboxes_of(*call.team), query).records) {
    list.push_back(listed_json(*record));
  }
  co_return Reply(200, list);
}

asio::awaitable<Reply> ControlPlane::list_v2(ApiCall call, std::string) {
  auto query = read_list_query(call.target);
  if (!query) co_return refused(query);
  if (const auto* const made = find_template(config_, query->template_name)) {
    query->template_name = made->name;  // An alias.
  }
  const Page page = page_of(sandboxes_of(*call.team), *query);
  json list = json::array();
  for (const auto* const record : page.records) list.push_back(listed_json(*record));
  Reply reply(200, list);
  if (!page.next_token.empty()) reply.headers.emplace_back("X-Next-Token", page.next_token);
  if (query->running) {
    reply.headers.emplace_back("X-Total-Running", fmt::format("{}", page.total_running));
  }
  co_return reply;
}

asio::awaitable<Reply> ControlPlane::info(ApiCall call, std::string id) {
  const auto found = fleet_.find(call.team->name, id);
  if (!found) co_return refused(found);
  co_return Reply(200, detail_json(**found, config_));
}

asio::awaitable<Reply> ControlPlane::kill(ApiCall call, std::string id) {
  const std::string by = "a caller of team " + call.team->name;
  const auto killed = co_await fleet_.kill(call.team->name, std::move(id), by);
  if (!killed) co_return refused(killed);
  co_return Reply(204);
}

Reply ControlPlane::connect(const ApiCall& call, const std::string& id, int otherwise, int least) {
  const auto body = parse_body(call.body);
  if (!body) return refused(body);
  const auto timeout = read_timeout(*body, otherwise, least, config_.max_timeout_s);
  if (!timeout) return refused(timeout);
  if (const auto memory = body->find("memory"); memory != body->end() && *memory == json(false)) {
    return refused(400,
                   "memory=false (onResume \"reboot\") is refused: this version resumes the "
                   "processes that were paused");
  }
  const auto resumed = fleet_.connect(call.team->name, id, *timeout);
  if (!resumed) return refused(resumed);
  return Reply(*resumed ? 201 : 200, sandbox_json(*fleet_.lifecycle().find(id), config_));
}

asio::awaitable<Reply> ControlPlane::connect_v1(ApiCall call, std::string id) {
  co_return connect(call, id, 300, 1);
}

asio::awaitable<Reply> ControlPlane::connect_v2(ApiCall call, std::string id) {
  co_return connect(call, id, 300, 1);
}

asio::awaitable<Reply> ControlPlane::resume(ApiCall call, std::string id) {
  const auto found = fleet_.find(call.team->name, id);
  if (!found) co_return refused(found);
  if ((*found)->state == SandboxState::running) {
    co_return refused(409, fmt::format("Sandbox {} is already running", id));
  }
  co_return connect(call, id, 300, 1);
}

asio::awaitable<Reply> ControlPlane::pause(ApiCall call, std::string id) {
  const auto body = parse_body(call.body);
  if (!body) co_return refused(body);
  const auto found = fleet_.find(call.team->name, id);
  if (!found) co_return refused(found);
  if (const auto memory = body->find("memory"); memory != body->end() && *memory == json(false)) {
    co_return refused(400, "memory=false is refused: this version pauses processes in memory only");
  }
  const auto paused = fleet_.pause(call.team->name, id);
  if (!paused) co_return refused(paused);
  co_return Reply(204);
}

asio::awaitable<Reply> ControlPlane::set_timeout(ApiCall call, std::string id) {
  const auto body = parse_body(call.body);
  if (!body) co_return refused(body);
  const auto timeout = read_timeout(*body, -1, 0, config_.max_timeout_s);
  if (!timeout) co_return refused(timeout);
  if (*timeout < 0) co_return refused(400, "'timeout' must be given, in seconds");
  const auto set = fleet_.set_timeout(call.team->name, id, *timeout);
  if (!set) co_return refused(set);
  co_return Reply(204);
}

asio::awaitable<Reply> ControlPlane::refresh(ApiCall call, std::string id) {
  constexpr int kLeast = 15;
  constexpr int kMost = 3600;
  auto body = parse_body(call.body);
  if (!body) co_return refused(body);
  if (body->contains("duration")) (*body)["timeout"] = body->at("duration");
  const auto duration = read_timeout(*body, kLeast, 0, kMost);
  if (!duration) co_return refused(duration);
  const auto extended = fleet_.extend(call.team->name, id, std::max(*duration, kLeast));
  if (!extended) co_return refused(extended);
  co_return Reply(204);
}

asio::awaitable<Reply> ControlPlane::health(ApiCall, std::string) {
  Reply reply(200);
  reply.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  reply.body = "Health check successful";
  co_return reply;
}

asio::awaitable<Reply> ControlPlane::prometheus(ApiCall, std::string) {
  Reply reply(200);
  reply.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  reply.body = prometheus_page(fleet_);
  co_return reply;
}

}  // namespace genesis::sandbox_server
