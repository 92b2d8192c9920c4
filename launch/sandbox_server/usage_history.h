#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "launch/sandbox_server/sandbox_spawner.h"

namespace genesis::sandbox_server {

/// What a sandbox used at one moment.
struct UsageSample {
  std::int64_t unix_ms = 0;
  double cpu_used_pct = 0;        ///< Of one processor: 150 is one and a half.
  std::uint64_t memory_used = 0;  ///< Without the cache.
  std::uint64_t memory_cache = 0;
  std::uint64_t memory_total = 0;
  std::uint64_t disk_used = 0;
  std::uint64_t disk_total = 0;
};

/// The last samples of each sandbox: an hour at one every five seconds. One thread.
class UsageHistory {
 public:
  /// CPU use is that since the sample before; the first one counts from the start.
  void add(const std::string& id, const SandboxUsage& usage, UsageSample sample,
           std::int64_t started_ms);
  void forget(const std::string& id) { known_.erase(id); }
  /// In order of time, both ends included; 0 leaves an end open.
  std::vector<UsageSample> between(const std::string& id, std::int64_t from_ms,
                                   std::int64_t to_ms) const;

 private:
  struct History {
    std::deque<UsageSample> samples;
    double cpu_seconds = 0;
    std::int64_t at_ms = 0;
  };
  std::map<std::string, History> known_;
};

}  // namespace genesis::sandbox_server
