#pragma once

#include <sys/types.h>

#include <set>

#include "genesis_evaluator/candidate_child.h"

namespace genesis::evaluator {

/// While it lives, other processes of this user cannot open this one's memory or descriptors, and
/// orphans of the candidate become children of this process, which ends them. One at a time.
class Protection {
 public:
  Protection();
  ~Protection();
  Protection(const Protection&) = delete;
  Protection& operator=(const Protection&) = delete;

  /// Kills and reaps every process below this one but those that were there before. Throws
  /// CannotEvaluate when they keep coming.
  void end_descendants() const;

 private:
  int dumpable_;
  std::set<pid_t> spared_;
};

/// In the candidate's process, before any of its code: a session of its own, the limits, no
/// privileges that would pass the kernel's checks on another process's memory, no descriptors but
/// the standard ones and `keep`. Ends the process where that fails.
void confine(const ChildLimits& limits, pid_t evaluator, int keep);

}  // namespace genesis::evaluator
