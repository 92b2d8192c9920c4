#include "launch/sandbox_server/api_reply.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "launch/sandbox_server/json_text.h"

namespace genesis::sandbox_server {

using nlohmann::json;

namespace {
constexpr std::int64_t kDiskMb = 10'240;  // Not limited in this version; the SDKs want a number.
}

Reply::Reply(int code, const json& value) : status(code), body(dump(value)) {
  headers.emplace_back("Content-Type", "application/json");
}

Reply::Reply(const Refusal& refusal) : status(refusal.status), body(error_body(refusal)) {
  headers.emplace_back("Content-Type", "application/json");
  if (refusal.retry_after_s) {
    headers.emplace_back("Retry-After", fmt::format("{}", *refusal.retry_after_s));
  }
}

json sandbox_json(const SandboxRecord& record, const ServerConfig& config) {
  json value{{"templateID", record.template_name},
             {"sandboxID", record.id},
             {"clientID", "genesis"},
             {"envdVersion", kEnvdVersion},
             {"alias", record.template_name}};
  if (!record.access_token.empty()) value["envdAccessToken"] = record.access_token;
  if (!record.traffic_token.empty()) value["trafficAccessToken"] = record.traffic_token;
  if (!config.domain.empty()) value["domain"] = config.domain;
  return value;
}

json listed_json(const SandboxRecord& record) {
  return {{"templateID", record.template_name},
          {"alias", record.template_name},
          {"sandboxID", record.id},
          {"clientID", "genesis"},
          {"startedAt", rfc3339(record.started_ms)},
          {"endAt", rfc3339(record.end_ms)},
          {"cpuCount", record.cpu_count},
          {"memoryMB", record.memory_mb},
          {"diskSizeMB", kDiskMb},
          {"state", to_string(record.state)},
          {"envdVersion", kEnvdVersion},
          {"metadata", record.metadata}};
}

json detail_json(const SandboxRecord& record, const ServerConfig& config) {
  json value = listed_json(record);
  if (!record.access_token.empty()) value["envdAccessToken"] = record.access_token;
  if (!config.domain.empty()) value["domain"] = config.domain;
  value["allowInternetAccess"] = true;
  value["lifecycle"] = {{"autoResume", record.auto_resume},
                        {"onTimeout", record.auto_pause ? "pause" : "kill"}};
  json network{{"allowPublicTraffic", record.traffic_token.empty()}};
  if (!record.mask_host.empty()) network["maskRequestHost"] = record.mask_host;
  value["network"] = network;
  return value;
}

json metric_json(const UsageSample& sample, const SandboxRecord& record) {
  return {{"timestamp", rfc3339(sample.unix_ms)}, {"timestampUnix", sample.unix_ms / 1000},
          {"cpuCount", record.cpu_count},         {"cpuUsedPct", sample.cpu_used_pct},
          {"memUsed", sample.memory_used},        {"memTotal", sample.memory_total},
          {"memCache", sample.memory_cache},      {"diskUsed", sample.disk_used},
          {"diskTotal", sample.disk_total}};
}

json template_json(const TemplateConfig& made, std::int64_t since_ms) {
  std::vector<std::string> names = made.aliases;
  names.insert(names.begin(), made.name);
  const std::string since = rfc3339(since_ms);
  return {{"templateID", made.name},
          {"buildID", "00000000-0000-0000-0000-000000000000"},
          {"cpuCount", made.cpu_count},
          {"memoryMB", made.memory_mb},
          {"diskSizeMB", kDiskMb},
          {"public", true},
          {"aliases", names},
          {"names", names},
          {"createdAt", since},
          {"updatedAt", since},
          {"createdBy", nullptr},
          {"lastSpawnedAt", nullptr},
          {"spawnCount", 0},
          {"buildCount", 1},
          {"buildStatus", "ready"},
          {"envdVersion", kEnvdVersion}};
}

json log_json(const std::vector<LogEntry>& log, const std::string& id) {
  json entries = json::array();
  for (const LogEntry& entry : log) {
    entries.push_back({{"timestamp", rfc3339(entry.unix_ms)},
                       {"level", entry.level},
                       {"message", entry.message},
                       {"fields", {{"sandboxID", id}}}});
  }
  return entries;
}

}  // namespace genesis::sandbox_server
