#include "launch/sandbox_server/sandbox_record.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace genesis::sandbox_server {
namespace {

using nlohmann::json;

constexpr std::size_t kMostLogEntries = 200;

constexpr std::array<std::pair<SandboxState, std::string_view>, 4> kStates{{
    {SandboxState::starting, "starting"},
    {SandboxState::running, "running"},
    {SandboxState::paused, "paused"},
    {SandboxState::ending, "ending"},
}};

constexpr std::array<std::pair<EndCause, std::string_view>, 7> kCauses{{
    {EndCause::timeout, "timeout"},
    {EndCause::killed, "killed"},
    {EndCause::out_of_memory, "out_of_memory"},
    {EndCause::crash, "crash"},
    {EndCause::start_failed, "start_failed"},
    {EndCause::host, "host"},
    {EndCause::server_stopped, "server_stopped"},
}};

template <typename Table>
auto named(const Table& table, std::string_view name) {
  for (const auto& [value, text] : table) {
    if (text == name) return value;
  }
  throw json::other_error::create(501, "unknown name", nullptr);
}

template <typename Table, typename Value>
std::string_view name_in(const Table& table, Value wanted) {
  for (const auto& [value, text] : table) {
    if (value == wanted) return text;
  }
  return "unknown";
}

json log_to_json(const std::vector<LogEntry>& log) {
  json lines = json::array();
  for (const LogEntry& entry : log) lines.push_back({entry.unix_ms, entry.level, entry.message});
  return lines;
}

std::vector<LogEntry> log_from_json(const json& lines) {
  std::vector<LogEntry> log;
  for (const json& line : lines) {
    log.push_back({line.at(0).get<std::int64_t>(), line.at(1).get<std::string>(),
                   line.at(2).get<std::string>()});
  }
  return log;
}

tl::unexpected<Error> not_ours(const json::exception& cause) {
  return make_error(ErrorKind::parse, fmt::format("not a sandbox's record: {}", cause.what()));
}

SandboxRecord read_record(const json& given) {
  SandboxRecord record;
  given.at("id").get_to(record.id);
  given.at("team").get_to(record.team);
  given.at("template").get_to(record.template_name);
  given.at("metadata").get_to(record.metadata);
  given.at("environment").get_to(record.environment);
  given.at("access_token").get_to(record.access_token);
  given.at("traffic_token").get_to(record.traffic_token);
  given.at("mask_host").get_to(record.mask_host);
  given.at("idempotency_key").get_to(record.idempotency_key);
  given.at("auto_pause").get_to(record.auto_pause);
  given.at("auto_resume").get_to(record.auto_resume);
  given.at("never_timeout").get_to(record.never_timeout);
  given.at("timeout_s").get_to(record.timeout_s);
  given.at("cpu_count").get_to(record.cpu_count);
  given.at("memory_mb").get_to(record.memory_mb);
  record.state = named(kStates, given.at("state").get<std::string>());
  given.at("started_ms").get_to(record.started_ms);
  given.at("end_ms").get_to(record.end_ms);
  given.at("pid").get_to(record.pid);
  given.at("start_ticks").get_to(record.start_ticks);
  record.cause = named(kCauses, given.at("cause").get<std::string>());
  given.at("cause_detail").get_to(record.cause_detail);
  record.log = log_from_json(given.at("log"));
  return record;
}

}  // namespace

Moment moment_of(const Clock& clock) {
  return {clock.steady(), clock.unix_millis()};
}

std::string_view to_string(SandboxState state) {
  return name_in(kStates, state);
}
std::string_view to_string(EndCause cause) {
  return name_in(kCauses, cause);
}

void SandboxRecord::note(std::int64_t unix_ms, std::string level, std::string message) {
  if (log.size() >= kMostLogEntries) log.erase(log.begin());
  log.push_back({unix_ms, std::move(level), std::move(message)});
}

std::string Tombstone::text() const {
  char buffer[32];
  return fmt::format("{} at {}", detail, utc_timestamp(ended_ms, buffer));
}

json to_json(const SandboxRecord& record) {
  return {{"id", record.id},
          {"team", record.team},
          {"template", record.template_name},
          {"metadata", record.metadata},
          {"environment", record.environment},
          {"access_token", record.access_token},
          {"traffic_token", record.traffic_token},
          {"mask_host", record.mask_host},
          {"idempotency_key", record.idempotency_key},
          {"auto_pause", record.auto_pause},
          {"auto_resume", record.auto_resume},
          {"never_timeout", record.never_timeout},
          {"timeout_s", record.timeout_s},
          {"cpu_count", record.cpu_count},
          {"memory_mb", record.memory_mb},
          {"state", to_string(record.state)},
          {"started_ms", record.started_ms},
          {"end_ms", record.end_ms},
          {"pid", record.pid},
          {"start_ticks", record.start_ticks},
          {"cause", to_string(record.cause)},
          {"cause_detail", record.cause_detail},
          {"log", log_to_json(record.log)}};
}

json to_json(const Tombstone& tombstone) {
  return {{"id", tombstone.id},
          {"team", tombstone.team},
          {"cause", to_string(tombstone.cause)},
          {"detail", tombstone.detail},
          {"started_ms", tombstone.started_ms},
          {"ended_ms", tombstone.ended_ms},
          {"log", log_to_json(tombstone.log)}};
}

Result<SandboxRecord> record_from_json(const json& given) {
  try {
    return read_record(given);
  } catch (const json::exception& cause) {
    return not_ours(cause);
  }
}

Result<Tombstone> tombstone_from_json(const json& given) {
  try {
    Tombstone tombstone;
    given.at("id").get_to(tombstone.id);
    given.at("team").get_to(tombstone.team);
    tombstone.cause = named(kCauses, given.at("cause").get<std::string>());
    given.at("detail").get_to(tombstone.detail);
    given.at("started_ms").get_to(tombstone.started_ms);
    given.at("ended_ms").get_to(tombstone.ended_ms);
    tombstone.log = log_from_json(given.at("log"));
    return tombstone;
  } catch (const json::exception& cause) {
    return not_ours(cause);
  }
}

std::string rfc3339(std::int64_t unix_ms) {
  char buffer[32];
  std::string text(utc_timestamp(unix_ms, buffer));
  text.pop_back();
  return text + fmt::format(".{:03}Z", unix_ms % 1000);
}

}  // namespace genesis::sandbox_server
