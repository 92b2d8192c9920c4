// The routes of the control plane that only look, and those that say what is not served.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "genesis/base/text.h"
#include "launch/sandbox_server/control_plane.h"
#include "launch/sandbox_server/create_request.h"
#include "launch/sandbox_server/json_text.h"

namespace genesis::sandbox_server {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr std::size_t kMostOfABatch = 100;
constexpr std::int64_t kMostLogEntries = 1000;

Reply refused(int status, std::string message) {
  return Reply(Refusal(status, std::move(message)));
}

/// A whole number of the query; `otherwise` when it is not there, none when it is no number.
std::optional<std::int64_t> query_number(const Target& target, std::string_view name,
                                         std::int64_t otherwise) {
  const std::string* const text = target.find(name);
  if (!text || text->empty()) return otherwise;
  std::int64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stopped, failure] = std::from_chars(text->data(), end, value);
  // Times are seconds or milliseconds: more than this is none, and would overflow.
  if (failure != std::errc() || stopped != end || value < 0 || value > 1'000'000'000'000'000) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

asio::awaitable<Reply> ControlPlane::metrics(ApiCall call, std::string id) {
  const auto found = fleet_.find(call.team->name, id);
  if (!found) co_return Reply(found.error());
  const auto from = query_number(call.target, "start", 0);
  const auto to = query_number(call.target, "end", 0);
  if (!from || !to) co_return refused(400, "'start' and 'end' must be Unix seconds");
  json list = json::array();
  // The second of `end` is meant whole.
  const std::int64_t last = *to == 0 ? 0 : *to * 1000 + 999;
  for (const UsageSample& sample : fleet_.usage(**found, *from * 1000, last)) {
    list.push_back(metric_json(sample, **found));
  }
  co_return Reply(200, list);
}

asio::awaitable<Reply> ControlPlane::batch_metrics(ApiCall call, std::string) {
  const std::string* const ids = call.target.find("sandbox_ids");
  if (!ids || ids->empty()) co_return refused(400, "'sandbox_ids' must name sandboxes");
  const auto wanted = split(*ids, ',');
  if (wanted.size() > kMostOfABatch) co_return refused(400, "'sandbox_ids' names more than 100");
  json sandboxes = json::object();
  for (const auto id : wanted) {
    const auto found = fleet_.find(call.team->name, std::string(id));
    if (!found) continue;
    const auto samples = fleet_.usage(**found, 0, 0);
    if (!samples.empty()) sandboxes[std::string(id)] = metric_json(samples.back(), **found);
  }
  json body;
  body["sandboxes"] = std::move(sandboxes);
  co_return Reply(200, body);
}

Answer<std::vector<LogEntry>> ControlPlane::log_of(const ApiCall& call, const std::string& id) {
  const auto found = fleet_.find(call.team->name, id);
  if (found) return (*found)->log;
  // What became of one that is no more is what people look for.
  const Tombstone* const tombstone = fleet_.lifecycle().tombstone(id);
  if (!tombstone || tombstone->team != call.team->name) {
    return tl::unexpected<Refusal>(found.error());
  }
  std::vector<LogEntry> log = tombstone->log;
  LogEntry last;
  last.unix_ms = tombstone->ended_ms;
  last.level = tombstone->cause == EndCause::killed ? "info" : "warn";
  last.message = "sandbox ended: it " + tombstone->text();
  log.push_back(std::move(last));
  return log;
}

asio::awaitable<Reply> ControlPlane::logs_v1(ApiCall call, std::string id) {
  auto log = log_of(call, id);
  if (!log) co_return Reply(log.error());
  const auto start = query_number(call.target, "start", 0);
  const auto limit = query_number(call.target, "limit", kMostLogEntries);
  if (!start || !limit) co_return refused(400, "'start' and 'limit' must be whole numbers");
  std::erase_if(*log, [&](const LogEntry& entry) { return entry.unix_ms < *start; });
  log->resize(std::min<std::size_t>(log->size(), static_cast<std::size_t>(*limit)));
  json lines = json::array();
  for (const LogEntry& entry : *log) {
    lines.push_back({{"timestamp", rfc3339(entry.unix_ms)}, {"line", entry.message}});
  }
  json body;
  body["logs"] = std::move(lines);
  body["logEntries"] = log_json(*log, id);
  co_return Reply(200, body);
}

asio::awaitable<Reply> ControlPlane::logs_v2(ApiCall call, std::string id) {
  auto log = log_of(call, id);
  if (!log) co_return Reply(log.error());
  const auto cursor = query_number(call.target, "cursor", 0);
  const auto limit = query_number(call.target, "limit", kMostLogEntries);
  if (!cursor || !limit || *limit > kMostLogEntries) {
    co_return refused(400, "'cursor' must be Unix milliseconds, 'limit' 0 to 1000");
  }
  const std::string* const direction = call.target.find("direction");
  const bool backward = direction && *direction == "backward";
  if (direction && !backward && *direction != "forward") {
    co_return refused(400, "'direction' must be forward or backward");
  }
  const std::string* const level = call.target.find("level");
  const std::string* const search = call.target.find("search");
  std::erase_if(*log, [&](const LogEntry& entry) {
    if (*cursor != 0 && (backward ? entry.unix_ms > *cursor : entry.unix_ms < *cursor)) return true;
    if (level && entry.level != *level) return true;
    return search && entry.message.find(*search) == std::string::npos;
  });
  if (backward) std::reverse(log->begin(), log->end());
  log->resize(std::min<std::size_t>(log->size(), static_cast<std::size_t>(*limit)));
  json body;
  body["logs"] = log_json(*log, id);
  co_return Reply(200, body);
}

asio::awaitable<Reply> ControlPlane::templates(ApiCall, std::string) {
  json list = json::array();
  for (const TemplateConfig& made : config_.templates) {
    list.push_back(template_json(made, since_ms_));
  }
  co_return Reply(200, list);
}

asio::awaitable<Reply> ControlPlane::template_info(ApiCall, std::string id) {
  const TemplateConfig* const made = find_template(config_, id);
  if (!made) co_return refused(404, fmt::format("template '{}' not found", id));
  json body = template_json(*made, since_ms_);
  body["builds"] = json::array();
  co_return Reply(200, body);
}

asio::awaitable<Reply> ControlPlane::template_alias(ApiCall, std::string id) {
  const TemplateConfig* const made = find_template(config_, id);
  if (!made) co_return refused(404, fmt::format("template '{}' not found", id));
  json body;
  body["templateID"] = made->name;
  body["public"] = true;
  co_return Reply(200, body);
}

asio::awaitable<Reply> ControlPlane::template_tags(ApiCall, std::string id) {
  const TemplateConfig* const made = find_template(config_, id);
  if (!made) co_return refused(404, fmt::format("template '{}' not found", id));
  json tag;
  tag["tag"] = "default";
  tag["buildID"] = template_json(*made, since_ms_).at("buildID");
  tag["createdAt"] = rfc3339(since_ms_);
  json list = json::array();
  list.push_back(std::move(tag));
  co_return Reply(200, list);
}

asio::awaitable<Reply> ControlPlane::template_delete(ApiCall, std::string id) {
  const TemplateConfig* const made = find_template(config_, id);
  if (!made) co_return refused(404, fmt::format("template or snapshot '{}' not found", id));
  co_return refused(403, fmt::format("template '{}' is defined by the server's configuration: it "
                                     "is deleted there",
                                     made->name));
}

asio::awaitable<Reply> ControlPlane::snapshots(ApiCall, std::string) {
  co_return Reply(200, json::array());
}

asio::awaitable<Reply> ControlPlane::not_built(ApiCall, std::string) {
  co_return refused(501,
                    "template builds are not part of this version: templates are names in the "
                    "server's configuration, on the host's userland");
}

asio::awaitable<Reply> ControlPlane::no_snapshot(ApiCall call, std::string id) {
  const auto found = fleet_.find(call.team->name, id);
  if (!found) co_return Reply(found.error());
  co_return refused(501, "snapshots and forks are not part of this version");
}

asio::awaitable<Reply> ControlPlane::network(ApiCall call, std::string id) {
  const auto found = fleet_.find(call.team->name, id);
  if (!found) co_return Reply(found.error());
  const auto body = parse_body(call.body);
  if (!body) co_return Reply(body.error());
  for (const auto& [key, value] : body->items()) {
    if (value.is_null() || value.empty() || value == json(true)) continue;
    co_return refused(400, fmt::format("'{}' cannot be enforced: sandboxes of this version share "
                                       "the host's network",
                                       key));
  }
  co_return Reply(204);
}

}  // namespace genesis::sandbox_server
