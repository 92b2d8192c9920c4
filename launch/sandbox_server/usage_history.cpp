#include "launch/sandbox_server/usage_history.h"

#include <algorithm>

namespace genesis::sandbox_server {

namespace {
constexpr std::size_t kMostSamples = 720;
}

void UsageHistory::add(const std::string& id, const SandboxUsage& usage, UsageSample sample,
                       std::int64_t started_ms) {
  History& history = known_[id];
  const std::int64_t since = history.at_ms == 0 ? started_ms : history.at_ms;
  const double seconds = static_cast<double>(sample.unix_ms - since) / 1000;
  const double used = usage.cpu_seconds.value_or(history.cpu_seconds) - history.cpu_seconds;
  if (seconds > 0) sample.cpu_used_pct = std::max(0.0, used / seconds * 100);
  const std::uint64_t memory = usage.memory_bytes.value_or(0);
  sample.memory_cache = std::min(usage.cache_bytes.value_or(0), memory);
  sample.memory_used = memory - sample.memory_cache;
  history.cpu_seconds += used;
  history.at_ms = sample.unix_ms;
  history.samples.push_back(sample);
  if (history.samples.size() > kMostSamples) history.samples.pop_front();
}

std::vector<UsageSample> UsageHistory::between(const std::string& id, std::int64_t from_ms,
                                               std::int64_t to_ms) const {
  std::vector<UsageSample> list;
  const auto found = known_.find(id);
  if (found == known_.end()) return list;
  for (const UsageSample& sample : found->second.samples) {
    if (sample.unix_ms >= from_ms && (to_ms == 0 || sample.unix_ms <= to_ms)) {
      list.push_back(sample);
    }
  }
  return list;
}

}  // namespace genesis::sandbox_server
