#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/process/child_watcher.h"
#include "genesis/process/proc_fs.h"
#include "genesis/process/spawn.h"

namespace genesis::process {

/// Finds every process that a job has left behind, where there is no cgroup to ask.
///
/// Three properties that a process cannot shed by accident make this work:
/// - This process becomes a **sub-reaper**: an orphan is adopted by it and so stays a descendant,
///   however often it forked and whatever session it made.
/// - Jobs carry a **mark**: a hard limit (of POSIX message queue bytes, which hardly anybody uses)
/// of
///   a value peculiar to this launcher. It is inherited over fork, setsid and an emptied
///   environment, can be read of zombies too, and tells adopted orphans from the host program's own
///   children.
/// - The **environment** names the attempt, for as long as it is kept.
///
/// An orphan with nothing but the mark belongs to one of the jobs that were running when it was
/// born, and is ended with the last of them. I/O thread only.
class ProcessFamily {
 public:
  /// `id` is what jobs carry in `kLaunchIdVariable`. Makes this process a sub-reaper.
  static Result<ProcessFamily> open(std::string id, const ChildWatcher& watcher);

  /// The mark, to be set in each job.
  const std::optional<ResourceLimit>& mark() const { return mark_; }
  const std::string& id() const { return id_; }

  /// The living processes of the job with this leader and token. `oldest_other` is the start of the
  /// oldest other job that runs, or UINT64_MAX.
  std::vector<ProcessId> members(const ProcessId& leader, const std::string& token,
                                 std::uint64_t oldest_other) const;

  /// Reaps adopted orphans that have ended and returns the living ones.
  std::vector<ProcessStat> adopted() const;

  /// While this says true there may be children, leaders of sessions, that a fork server made for
  /// us and that are not watched yet: how they ended is still to be asked.
  void expect_leaders(std::function<bool()> expected) { leaders_expected_ = std::move(expected); }

 private:
  ProcessFamily(std::string id, const ChildWatcher& watcher)
      : id_(std::move(id)), watcher_(&watcher) {}

  std::string id_;
  const ChildWatcher* watcher_;
  std::optional<ResourceLimit> mark_;
  std::function<bool()> leaders_expected_;
};

inline constexpr std::string_view kLaunchIdVariable = "GENESIS_LAUNCH_ID";
inline constexpr std::string_view kRunIdVariable = "GENESIS_RUN_ID";
inline constexpr std::string_view kTokenVariable = "GENESIS_ATTEMPT_TOKEN";
inline constexpr std::string_view kWorkDirVariable = "GENESIS_WORK_DIR";

/// Whether `pid` carries this mark (or is a zombie that did).
bool carries_mark(pid_t pid, const ResourceLimit& mark);

}  // namespace genesis::process
