#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/clock.h"
#include "genesis/base/error.h"

namespace genesis::sandbox_server {

/// An instant as both clocks see it: deadlines are kept by the steady one, told by the other.
struct Moment {
  std::chrono::steady_clock::time_point steady;
  std::int64_t unix_ms = 0;
};
Moment moment_of(const Clock& clock);

enum class SandboxState { starting, running, paused, ending };
std::string_view to_string(SandboxState state);

/// Why a sandbox is no more.
enum class EndCause {
  timeout,
  killed,  ///< By a caller: the detail names the team's key.
  out_of_memory,
  crash,  ///< Its first process ended by itself.
  start_failed,
  host,  ///< Something ended it while no server looked, or the machine restarted.
  server_stopped,
};
std::string_view to_string(EndCause cause);

/// One line of what the server did to a sandbox.
struct LogEntry {
  std::int64_t unix_ms = 0;
  std::string level = "info";
  std::string message;
};

/// What a caller asked for and what became of it; plain data, written to the journal whole.
struct SandboxRecord {
  std::string id;
  std::string team;
  std::string template_name;
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> environment;
  std::string access_token;   ///< Of its agent; empty: not secured.
  std::string traffic_token;  ///< Asked for on every other port; empty: they are public.
  std::string mask_host;      ///< Host header for other ports, "${PORT}" in it; empty: as it came.
  std::string idempotency_key;
  bool auto_pause = false;   ///< Paused, not killed, at its timeout.
  bool auto_resume = false;  ///< Resumed by traffic.
  bool never_timeout = false;
  int timeout_s = 300;
  int cpu_count = 1;
  std::int64_t memory_mb = 512;

  SandboxState state = SandboxState::starting;
  std::int64_t started_ms = 0;
  std::int64_t end_ms = 0;
  std::chrono::steady_clock::time_point deadline;  ///< Of a running one that has a timeout.
  pid_t pid = -1;
  std::uint64_t start_ticks = 0;
  EndCause cause = EndCause::killed;  ///< Of one that is ending.
  std::string cause_detail;
  std::vector<LogEntry> log;

  void note(std::int64_t unix_ms, std::string level, std::string message);
};

/// What is remembered of a sandbox that is no more.
struct Tombstone {
  std::string id;
  std::string team;
  EndCause cause = EndCause::killed;
  std::string detail;
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;
  std::vector<LogEntry> log;

  /// "reached its timeout of 300 s at 2026-11-21T20:00:00Z".
  std::string text() const;
};

nlohmann::json to_json(const SandboxRecord& record);
nlohmann::json to_json(const Tombstone& tombstone);
/// Errors: `parse`, when a journal line is none of ours.
Result<SandboxRecord> record_from_json(const nlohmann::json& json);
Result<Tombstone> tombstone_from_json(const nlohmann::json& json);

/// "2026-11-21T20:00:00.123Z".
std::string rfc3339(std::int64_t unix_ms);

}  // namespace genesis::sandbox_server
