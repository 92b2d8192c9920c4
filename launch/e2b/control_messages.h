#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "launch/e2b/provider.h"

/// The control plane's JSON, as a client writes and reads it. Pure; any thread. Readers answer
/// `parse` when what is needed is not there, and ignore what they do not know.
namespace genesis::launch::e2b {

/// Of POST /v2/sandboxes, or of POST /sandboxes.
std::string create_message(const NewSandbox& what, bool first_generation);
std::string timeout_message(std::chrono::seconds lifetime);
std::string snapshot_message(const std::string& name);
/// `internet`: no egress at all, or all that the rules leave.
std::string network_message(const NetworkRules& rules, std::optional<bool> internet);
std::string fork_message(std::optional<std::chrono::seconds> lifetime, int count);

Result<SandboxHandle> parse_sandbox(std::string_view body);
/// Of a fork: a sandbox each, or why there is none.
Result<std::vector<tl::expected<SandboxHandle, std::string>>> parse_forks(std::string_view body);
Result<SandboxInfo> parse_sandbox_info(std::string_view body);
Result<std::vector<SandboxInfo>> parse_sandbox_list(std::string_view body);

/// "?metadata=…&state=…": `state` empty: both.
struct ListFilter {
  std::map<std::string, std::string> metadata;
  std::optional<SandboxState> state;
  std::string sandbox_template;
  std::string next_token;
  int limit = 100;
  bool oldest_first = false;

  ListFilter() = default;
};
std::string list_query(const ListFilter& filter);

/// What a sandbox can be made of.
struct TemplateInfo {
  std::string id;
  std::vector<std::string> names;
  int cpus = 0;
  std::uint64_t memory_mb = 0;

  TemplateInfo() = default;
};
Result<std::vector<TemplateInfo>> parse_templates(std::string_view body);

struct SnapshotInfo {
  std::string id;
  std::vector<std::string> names;

  SnapshotInfo() = default;
};
Result<SnapshotInfo> parse_snapshot(std::string_view body);
Result<std::vector<SnapshotInfo>> parse_snapshots(std::string_view body);

/// One sample of what a sandbox uses; sizes in bytes.
struct SandboxMetrics {
  std::chrono::system_clock::time_point at;
  int cpus = 0;
  double cpu_percent = 0;
  std::uint64_t memory_used = 0;
  std::uint64_t memory_total = 0;
  std::uint64_t disk_used = 0;
  std::uint64_t disk_total = 0;

  SandboxMetrics() = default;
};
Result<std::vector<SandboxMetrics>> parse_metrics(std::string_view body);

struct LogLine {
  std::chrono::system_clock::time_point at;
  std::string level;
  std::string message;

  LogLine() = default;
};
Result<std::vector<LogLine>> parse_logs(std::string_view body);

/// "2026-11-22T00:15:37.123Z", with an offset in place of the Z as well; absent when it is none.
std::optional<std::chrono::system_clock::time_point> parse_time(std::string_view text);

}  // namespace genesis::launch::e2b
