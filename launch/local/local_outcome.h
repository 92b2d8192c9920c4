#pragma once

#include <optional>

#include "genesis/process/child_watcher.h"
#include "launch/job.h"

namespace genesis::launch {

/// What is known when a job's last process has gone.
struct JobEndFacts {
  process::ChildExit exit;
  std::chrono::milliseconds wall{0};
  /// Set when we ended it: timeout or cancelled.
  std::optional<JobOutcomeKind> ended_as;
  bool killed_for_memory = false;       ///< The cgroup counted a kill.
  std::uint64_t peak_memory_bytes = 0;  ///< Of the cgroup; 0: only the process's own figure.
};

/// Tells out_of_memory, timeout, cancelled, signalled and exited apart. A job that had ended by
/// itself before we could end it keeps its own end only when it exited; a CPU-time limit counts as
/// timeout.
JobOutcome classify(const JobEndFacts& facts, const Limits& limits);

}  // namespace genesis::launch
