#pragma once

#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"
#include "genesis/process/spawn.h"

namespace genesis::process {

/// What the guard looks after.
struct GuardPlan {
  std::string launch_id;              ///< The value of GENESIS_LAUNCH_ID in the jobs.
  std::optional<ResourceLimit> mark;  ///< See process_family.h.
  std::vector<std::string> cgroups;   ///< Folders to empty and to remove with their sub-folders.
};

/// A small process that outlives this one by a moment: should this one be killed, it ends all jobs
/// within a fraction of a second.
///
/// It is this same executable, started anew; a load-time hook in this library turns it into the
/// guard before main() runs, so that an embedding program need not install a second file. It waits
/// for the end of a pipe and of its parent, ignores the signals of terminals and service managers,
/// and sits in a session of its own.
class Guard {
 public:
  static Result<Guard> start(const GuardPlan& plan);
  /// Ends as after dismiss(), but the guard looks for leftovers first.
  ~Guard();
  Guard(Guard&&) noexcept = default;
  Guard& operator=(Guard&&) = delete;

  /// All is in order: the guard goes without looking. Waits for its end (milliseconds).
  void dismiss();
  pid_t pid() const { return child_.pid; }

 private:
  Guard(Child child, Fd pipe) : child_(std::move(child)), pipe_(std::move(pipe)) {}
  void wait();

  Child child_;
  Fd pipe_;
};

}  // namespace genesis::process
