#include "launch/e2b/control_messages.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "launch/e2b/addressing.h"
#include "launch/e2b/json_reading.h"

namespace genesis::launch::e2b {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

std::optional<int> digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + count, value);
  if (failed != std::errc() || end != text.data() + count || text.front() == '-') {
    return std::nullopt;
  }
  text.remove_prefix(count);
  return value;
}

bool skip(std::string_view& text, char letter) {
  if (text.empty() || text.front() != letter) return false;
  text.remove_prefix(1);
  return true;
}

/// Of the second; more than nanoseconds are dropped.
std::chrono::nanoseconds fraction(std::string_view& text) {
  std::int64_t value = 0;
  std::int64_t unit = 1'000'000'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    unit /= 10;
    value += unit * (text.front() - '0');
    text.remove_prefix(1);
  }
  return std::chrono::nanoseconds(value);
}

system_clock::time_point time_member(const json& object, const char* name) {
  return parse_time(text_member(object, name)).value_or(system_clock::time_point());
}

std::uint64_t count_member(const json& object, const char* name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_member(object, name)));
}

std::vector<std::string> texts(const json& object, const char* name) {
  std::vector<std::string> found;
  const auto list = object.find(name);
  if (list == object.end() || !list->is_array()) return found;
  for (const json& item : *list) {
    if (item.is_string()) found.push_back(item.get<std::string>());
  }
  return found;
}

Result<SandboxInfo> info_of(const json& object) {
  SandboxInfo info;
  info.id = text_member(object, "sandboxID");
  if (info.id.empty()) return make_error(ErrorKind::parse, "a sandbox without a sandboxID");
  info.sandbox_template = text_member(object, "templateID");
  info.alias = text_member(object, "alias");
  info.state =
      text_member(object, "state") == "paused" ? SandboxState::paused : SandboxState::running;
  info.started_at = time_member(object, "startedAt");
  info.ends_at = time_member(object, "endAt");
  info.cpus = static_cast<int>(integer_member(object, "cpuCount"));
  info.memory_mb = count_member(object, "memoryMB");
  if (const json* const metadata = object_member(object, "metadata")) {
    for (const auto& [key, value] : metadata->items()) {
      if (value.is_string()) info.metadata.emplace(key, value.get<std::string>());
    }
  }
  return info;
}

SnapshotInfo snapshot_of(const json& object) {
  SnapshotInfo snapshot;
  snapshot.id = text_member(object, "snapshotID");
  snapshot.names = texts(object, "names");
  return snapshot;
}

json rules_of(const NetworkRules& rules) {
  json message = json::object();
  if (rules.allow_out) message["allowOut"] = *rules.allow_out;
  if (rules.deny_out) message["denyOut"] = *rules.deny_out;
  if (rules.dns_servers) message["dnsServers"] = *rules.dns_servers;
  for (const auto& [domain, headers] : rules.headers) {
    json rule;
    rule["transform"]["headers"] = headers;
    message["rules"][domain] = json::array({std::move(rule)});
  }
  if (!rules.proxy.empty()) {
    json& proxy = message["egressProxy"];
    proxy["address"] = rules.proxy;
    if (!rules.proxy_user.empty()) proxy["username"] = rules.proxy_user;
    if (!rules.proxy_password.empty()) proxy["password"] = rules.proxy_password;
  }
  return message;
}

SandboxHandle handle_of(const json& object) {
  SandboxHandle handle;
  handle.id = text_member(object, "sandboxID");
  handle.access_token = text_member(object, "envdAccessToken");
  handle.traffic_token = text_member(object, "trafficAccessToken");
  handle.agent_version = text_member(object, "envdVersion");
  handle.domain = text_member(object, "domain");
  return handle;
}

}  // namespace

std::string create_message(const NewSandbox& what, bool first_generation) {
  json message;
  message["templateID"] = what.sandbox_template;
  message["timeout"] = what.lifetime.count();
  if (what.allow_internet_access) message["allow_internet_access"] = *what.allow_internet_access;
  if (first_generation) message["secure"] = what.secure.value_or(true);
  if (!what.metadata.empty()) message["metadata"] = what.metadata;
  if (!what.environment.empty()) message["envVars"] = what.environment;
  if (what.pause_at_end) message["autoPause"] = true;
  if (what.resume_by_traffic) message["autoResume"]["enabled"] = *what.resume_by_traffic;
  json network = what.network ? rules_of(*what.network) : json::object();
  if (what.public_traffic) network["allowPublicTraffic"] = *what.public_traffic;
  if (!what.request_host.empty()) network["maskRequestHost"] = what.request_host;
  if (what.network || !network.empty()) message["network"] = std::move(network);
  return json_text(message);
}

std::string timeout_message(std::chrono::seconds lifetime) {
  json message;
  message["timeout"] = lifetime.count();
  return message.dump();
}

std::string snapshot_message(const std::string& name) {
  json message = json::object();
  if (!name.empty()) message["name"] = name;
  return json_text(message);
}

std::string network_message(const NetworkRules& rules, std::optional<bool> internet) {
  json message = rules_of(rules);
  if (internet) message["allow_internet_access"] = *internet;
  return json_text(message);
}

std::string fork_message(std::optional<std::chrono::seconds> lifetime, int count) {
  json message;
  if (lifetime) message["timeout"] = lifetime->count();
  message["count"] = count;
  return message.dump();
}

Result<SandboxHandle> parse_sandbox(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json object, parse_object(body));
  SandboxHandle handle = handle_of(object);
  if (handle.id.empty()) return make_error(ErrorKind::parse, "the answer has no sandboxID");
  return handle;
}

Result<std::vector<tl::expected<SandboxHandle, std::string>>> parse_forks(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json list, parse_array(body));
  std::vector<tl::expected<SandboxHandle, std::string>> found;
  for (const json& item : list) {
    const json* const made = item.is_object() ? object_member(item, "sandbox") : nullptr;
    SandboxHandle handle = made ? handle_of(*made) : SandboxHandle();
    if (!handle.id.empty()) {
      found.emplace_back(std::move(handle));
      continue;
    }
    const json* const error = item.is_object() ? object_member(item, "error") : nullptr;
    std::string why = error ? text_member(*error, "message") : std::string();
    if (why.empty()) why = "the provider does not say why";
    found.emplace_back(tl::unexpected(std::move(why)));
  }
  return found;
}

Result<SandboxInfo> parse_sandbox_info(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json object, parse_object(body));
  return info_of(object);
}

Result<std::vector<SandboxInfo>> parse_sandbox_list(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json list, parse_array(body));
  std::vector<SandboxInfo> found;
  for (const json& item : list) {
    GENESIS_TRY_ASSIGN(SandboxInfo info, info_of(item));
    found.push_back(std::move(info));
  }
  return found;
}

std::string list_query(const ListFilter& filter) {
  // Each key and value encoded, the pairs encoded as a form's, the whole as a query's value: the
  // protocol decodes three times.
  std::string pairs;
  for (const auto& [key, value] : filter.metadata) {
    if (!pairs.empty()) pairs += '&';
    pairs += percent_encoded(percent_encoded(key)) + '=' + percent_encoded(percent_encoded(value));
  }
  std::string query = fmt::format("?limit={}", filter.limit);
  if (!pairs.empty()) query += "&metadata=" + percent_encoded(pairs);
  if (filter.state) {
    query += *filter.state == SandboxState::running ? "&state=running" : "&state=paused";
  }
  if (!filter.sandbox_template.empty()) {
    query += "&template=" + percent_encoded(filter.sandbox_template);
  }
  if (filter.oldest_first) query += "&order=asc";
  if (!filter.next_token.empty()) query += "&nextToken=" + percent_encoded(filter.next_token);
  return query;
}

Result<std::vector<TemplateInfo>> parse_templates(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json list, parse_array(body));
  std::vector<TemplateInfo> found;
  for (const json& item : list) {
    TemplateInfo made;
    made.id = text_member(item, "templateID");
    if (made.id.empty()) return make_error(ErrorKind::parse, "a template without a templateID");
    made.names = texts(item, "names");
    for (std::string& alias : texts(item, "aliases")) {
      if (std::find(made.names.begin(), made.names.end(), alias) == made.names.end()) {
        made.names.push_back(std::move(alias));
      }
    }
    made.cpus = static_cast<int>(integer_member(item, "cpuCount"));
    made.memory_mb = count_member(item, "memoryMB");
    found.push_back(std::move(made));
  }
  return found;
}

Result<SnapshotInfo> parse_snapshot(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json object, parse_object(body));
  SnapshotInfo snapshot = snapshot_of(object);
  if (snapshot.id.empty()) return make_error(ErrorKind::parse, "the answer has no snapshotID");
  return snapshot;
}

Result<std::vector<SnapshotInfo>> parse_snapshots(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json list, parse_array(body));
  std::vector<SnapshotInfo> found;
  for (const json& item : list) {
    if (item.is_object()) found.push_back(snapshot_of(item));
  }
  return found;
}

Result<std::vector<SandboxMetrics>> parse_metrics(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json list, parse_array(body));
  std::vector<SandboxMetrics> found;
  for (const json& item : list) {
    SandboxMetrics sample;
    sample.at = time_member(item, "timestamp");
    sample.cpus = static_cast<int>(integer_member(item, "cpuCount"));
    sample.cpu_percent = number_member(item, "cpuUsedPct");
    sample.memory_used = count_member(item, "memUsed");
    sample.memory_total = count_member(item, "memTotal");
    sample.disk_used = count_member(item, "diskUsed");
    sample.disk_total = count_member(item, "diskTotal");
    found.push_back(sample);
  }
  return found;
}

Result<std::vector<LogLine>> parse_logs(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json object, parse_object(body));
  std::vector<LogLine> found;
  const auto list = object.find("logs");
  if (list == object.end() || !list->is_array()) return found;
  for (const json& item : *list) {
    LogLine line;
    line.at = time_member(item, "timestamp");
    line.level = text_member(item, "level");
    line.message = text_member(item, "message");
    found.push_back(std::move(line));
  }
  return found;
}

std::optional<system_clock::time_point> parse_time(std::string_view text) {
  const auto year = digits(text, 4);
  if (!year || !skip(text, '-')) return std::nullopt;
  const auto month = digits(text, 2);
  if (!month || !skip(text, '-')) return std::nullopt;
  const auto day = digits(text, 2);
  if (!day || !(skip(text, 'T') || skip(text, 't') || skip(text, ' '))) return std::nullopt;
  const auto hour = digits(text, 2);
  if (!hour || !skip(text, ':')) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || !skip(text, ':')) return std::nullopt;
  const auto second = digits(text, 2);
  if (!second) return std::nullopt;
  using namespace std::chrono;
  const auto date = std::chrono::year(*year) / std::chrono::month(static_cast<unsigned>(*month)) /
                    std::chrono::day(static_cast<unsigned>(*day));
  // Nanoseconds since 1970 go as far as 2262.
  if (!date.ok() || *year < 1970 || *year > 2200 || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  auto time =
      system_clock::time_point(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second);
  if (skip(text, '.')) time += duration_cast<system_clock::duration>(fraction(text));
  if (skip(text, 'Z') || skip(text, 'z')) {
    if (!text.empty()) return std::nullopt;
    return time;
  }
  const bool east = skip(text, '+');
  if (!east && !skip(text, '-')) return std::nullopt;
  const auto offset_hours = digits(text, 2);
  if (!offset_hours || !skip(text, ':')) return std::nullopt;
  const auto offset_minutes = digits(text, 2);
  if (!offset_minutes || !text.empty()) return std::nullopt;
  const auto offset = hours(*offset_hours) + minutes(*offset_minutes);
  return east ? time - offset : time + offset;
}

}  // namespace genesis::launch::e2b
