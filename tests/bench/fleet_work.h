#pragma once

#include <filesystem>
#include <string>

namespace genesis::bench {

/// So many evaluations of a shell job that sleeps for two seconds, in so many sandboxes at a time.
struct FleetWork {
  int jobs = 1000;
  int sandboxes = 200;
  /// Of a job. The ideal wall time is jobs / sandboxes times it.
  double seconds = 2;
  std::string url;
  std::string key;
  /// All sandboxes have had one job before the clock begins.
  bool warm = false;
};

/// What it took, of the client's process alone.
struct FleetCost {
  double wall_seconds = 0;    ///< From the first submission to the last result.
  double cpu_seconds = 0;     ///< All of it, with the making and the ending of the sandboxes.
  double memory_bytes = 0;    ///< Resident memory grown since the first job's end, by each.
  int sandboxes_at_once = 0;  ///< The most that worked at a time.
};

/// Through the launcher of sandboxes, pooled. Throws std::runtime_error when a job does not end as
/// it should.
FleetCost through_launcher(const FleetWork& work, const std::filesystem::path& folder);
/// Through the whole runner: every result recorded.
FleetCost through_runner(const FleetWork& work, const std::filesystem::path& folder);

}  // namespace genesis::bench
