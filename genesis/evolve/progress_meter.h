#pragma once

#include <chrono>
#include <deque>
#include <utility>

#include "genesis/ui/status.h"

namespace genesis::evolve {

/// Keeps a run's status up to date: counts, rate over the last seconds, expected end. Time is
/// passed in. One thread.
class ProgressMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  RunStatus& status() { return status_; }
  const RunStatus& status() const { return status_; }

  /// One evaluation was recorded.
  void count(const std::string& outcome, Time now);
  /// Brings rate and ETA up to date.
  void refresh(Time now);
  /// True at most every 100 ms.
  bool due(Time now);

 private:
  RunStatus status_;
  std::int64_t recorded_ = 0;
  std::deque<std::pair<Time, std::int64_t>> samples_;  // at most one per 100 ms, ten seconds
  Time last_shown_{};
};

}  // namespace genesis::evolve
