#include "launch/sandbox_server/kruise_plane.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "launch/sandbox_server/create_request.h"
#include "launch/sandbox_server/json_text.h"
#include "launch/sandbox_server/kruise_metadata.h"
#include "launch/sandbox_server/prometheus_page.h"

namespace genesis::sandbox_server {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr int kDefaultTimeout = 300;
constexpr int kLeastTimeout = 30;
constexpr int kMostTimeout = 2'592'000;
constexpr int kLeastAfterResume = 300;

/// The body's `timeout` where it must be there, 1 and more; 0: it is not usable.
int wanted_timeout(const json& body) {
  const auto timeout = read_timeout(body, 0, 1, kMostTimeout);
  return timeout ? *timeout : 0;
}

}  // namespace

Reply KruisePlane::error(int status, std::string message, const std::string& request_id) const {
  // Its object says 0 where the status is 500.
  json body{{"code", status == 500 ? 0 : status},
            {"headers", nullptr},
            {"message", std::move(message)},
            {"request_id", request_id}};
  return Reply(status, body);
}

Reply KruisePlane::error(const Refusal& refusal, const std::string& request_id) const {
  Reply reply = error(refusal.status, refusal.message, request_id);
  if (refusal.retry_after_s) {
    reply.headers.emplace_back("Retry-After", fmt::format("{}", *refusal.retry_after_s));
  }
  return reply;
}

json KruisePlane::sandbox(const SandboxRecord& record) const {
  json value = listed_json(record);
  value["clientID"] = "";
  value["domain"] = config_.domain;
  value["envdAccessToken"] = record.access_token;
  return value;
}

asio::awaitable<Reply> KruisePlane::answer(ApiCall call, std::string request_id) {
  Reply reply = co_await dispatch(std::move(call), request_id);
  reply.headers.emplace_back("X-Request-ID", request_id);
  co_return reply;
}

asio::awaitable<Reply> KruisePlane::dispatch(ApiCall call, std::string request_id) {
  const auto& path = call.target.segments;
  if (call.method == "GET" && path.size() == 1 && path[0] == "health") {
    Reply reply(200);
    reply.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    reply.body = "OK";
    co_return reply;
  }
  if (call.method == "GET" && path.size() == 1 && path[0] == "metrics") {
    Reply reply(200);
    reply.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    reply.body = prometheus_page(fleet_);
    co_return reply;
  }
  if (!call.team) co_return error(401, "Invalid API Key", request_id);
  if (call.method == "POST" && path.size() == 1 && path[0] == "sandboxes") {
    co_return co_await create(std::move(call), std::move(request_id));
  }
  if (path.size() == 2 && path[0] == "sandboxes" && call.method == "DELETE") {
    std::string id = path[1];
    co_return co_await remove(std::move(call), std::move(id), std::move(request_id));
  }
  if (path.size() == 3 && path[0] == "sandboxes" && call.method == "POST") {
    co_return act(call, path[1], path[2], request_id);
  }
  co_return look(call, request_id);
}

asio::awaitable<Reply> KruisePlane::create(ApiCall call, std::string request_id) {
  auto body = parse_body(call.body);
  if (!body) co_return error(500, body.error().message, request_id);
  const auto timeout = read_timeout(*body, kDefaultTimeout, 0, kMostTimeout);
  const int seconds = timeout ? (*timeout == 0 ? kDefaultTimeout : *timeout) : 0;
  if (seconds < kLeastTimeout) {
    co_return error(400,
                    fmt::format("timeout should between {} and {}", kLeastTimeout, kMostTimeout),
                    request_id);
  }
  (*body)["timeout"] = std::min(seconds, config_.max_timeout_s);
  body->erase("autoResume");
  body->erase("iam");
  body->erase("mcp");
  auto record = read_create_request(*body, ApiVersion::v2, config_);
  if (!record) {
    const bool unknown = record.error().status == 404;
    co_return error(unknown ? 400 : record.error().status,
                    unknown ? "Template or Checkpoint not found" : record.error().message,
                    request_id);
  }
  const auto extensions = take_kruise_extensions(record->metadata);
  if (!extensions) co_return error(extensions.error(), request_id);
  record->team = call.team->name;
  record->never_timeout = extensions->never_timeout;
  if (extensions->skip_init_runtime) {
    record->access_token.clear();
    record->environment.clear();
  }
  if (extensions->return_sandbox_ip) {
    record->metadata["e2b.agents.kruise.io/sandbox-ip"] = "127.0.0.1";
  }
  const auto made = co_await fleet_.create(std::move(*record), call.team->max_sandboxes);
  if (!made) {
    Refusal refusal = made.error();
    if (refusal.error_code == "team_sandbox_limit") refusal.status = 403;
    if (refusal.error_code == "sandbox_create_failed") refusal.status = 500;
    co_return error(refusal, request_id);
  }
  co_return Reply(201, sandbox(*made));
}

asio::awaitable<Reply> KruisePlane::remove(ApiCall call, std::string id, std::string request_id) {
  const std::string by = "a caller of team " + call.team->name;
  const auto killed = co_await fleet_.kill(call.team->name, std::move(id), by);
  if (!killed) co_return error(killed.error(), request_id);
  co_return Reply(204);
}

Reply KruisePlane::act(const ApiCall& call, const std::string& id, const std::string& action,
                       const std::string& request_id) {
  const std::string& team = call.team->name;
  const auto found = fleet_.find(team, id);
  if (!found) return error(found.error(), request_id);
  const SandboxRecord& record = **found;
  if (action == "pause") {
    const auto paused = fleet_.pause(team, id);
    return paused ? Reply(204) : error(paused.error(), request_id);
  }
  if (action != "timeout" && action != "connect" && action != "resume") {
    return error(action == "snapshots" ? 400 : 404, fmt::format("'{}' is not served", action),
                 request_id);
  }
  const auto body = parse_body(call.body);
  const int timeout = body ? wanted_timeout(*body) : 0;
  const std::string bounds = fmt::format("timeout should between 1 and {}", kMostTimeout);
  if (action == "timeout") {
    if (timeout == 0) return error(500, bounds, request_id);
    const auto set = fleet_.set_timeout(team, id, timeout);
    if (set) return Reply(204);
    return set.error().status == 409 ? error(500, set.error().message, request_id)
                                     : error(set.error(), request_id);
  }
  const bool paused = record.state == SandboxState::paused;
  if (timeout == 0) return error(action == "resume" ? 500 : 400, bounds, request_id);
  if (action == "resume" && !paused) {
    return error(409, fmt::format("sandbox {} is not paused", id), request_id);
  }
  const bool timed = !record.never_timeout;
  const auto resumed =
      fleet_.connect(team, id, paused && timed ? std::max(timeout, kLeastAfterResume) : timeout);
  if (!resumed) return error(resumed.error(), request_id);
  if (action == "resume") return Reply(204);
  return Reply(*resumed ? 201 : 200, sandbox(*fleet_.lifecycle().find(id)));
}

Reply KruisePlane::list(const ApiCall& call, const std::string& request_id) {
  auto query = read_list_query(call.target);
  if (!query) return error(query.error(), request_id);
  query->ascending = true;
  std::vector<const SandboxRecord*> mine;
  for (const auto& [id, record] : fleet_.lifecycle().all()) {
    if (record.team == call.team->name) mine.push_back(&record);
  }
  const Page page = page_of(std::move(mine), *query);
  json items = json::array();
  for (const auto* const record : page.records) items.push_back(sandbox(*record));
  Reply reply(200, items);
  if (!page.next_token.empty()) reply.headers.emplace_back("X-Next-Token", page.next_token);
  return reply;
}

Reply KruisePlane::look(const ApiCall& call, const std::string& request_id) {
  const auto& path = call.target.segments;
  const bool get = call.method == "GET";
  if (get && path.size() == 2 && path[0] == "v2" && path[1] == "sandboxes") {
    // Its lists run upwards only; the token says so.
    ApiCall upwards = call;
    std::erase_if(upwards.target.query, [](const auto& pair) { return pair.first == "order"; });
    upwards.target.query.insert(upwards.target.query.begin(), {"order", "asc"});
    return list(upwards, request_id);
  }
  if (get && path.size() == 2 && path[0] == "sandboxes") {
    const auto found = fleet_.find(call.team->name, path[1]);
    return found ? Reply(200, sandbox(**found)) : error(found.error(), request_id);
  }
  if (get && path.size() == 1 && path[0] == "snapshots") return Reply(200, json::array());
  if (get && path.size() == 1 && path[0] == "templates") {
    json items = json::array();
    for (const TemplateConfig& made : config_.templates) items.push_back(template_json(made, 0));
    return Reply(200, items);
  }
  if (path.size() == 2 && path[0] == "templates") {
    const TemplateConfig* const made = find_template(config_, path[1]);
    if (!made) return error(404, "Template or Checkpoint not found", request_id);
    if (get) return Reply(200, template_json(*made, 0));
    if (call.method == "DELETE") {
      return error(401, "templates of the configuration are not deleted here", request_id);
    }
  }
  if (get && path.size() == 1 && path[0] == "teams") {
    json team{{"teamID", call.team->name}, {"name", call.team->name}, {"isDefault", true}};
    json items = json::array();
    items.push_back(std::move(team));
    return Reply(200, items);
  }
  return error(404, fmt::format("no such route: {} {}", call.method, call.target.path), request_id);
}

}  // namespace genesis::sandbox_server
