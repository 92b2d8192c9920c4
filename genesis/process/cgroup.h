#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"
#include "genesis/process/tree_end.h"

namespace genesis::process {

/// What this process may do with cgroups here. Empty paths: not available.
struct CgroupSupport {
  std::string
      unified;  ///< A writable cgroup v2 folder to make groups in (also beside v1 hierarchies).
  std::string memory_v1;
  std::string pids_v1;
  bool memory_v2 = false;  ///< The v2 folder can delegate the controller.
  bool pids_v2 = false;
  std::string cpu_v1;  ///< Only where they were asked for.
  bool cpu_v2 = false;
  std::string reason;  ///< Why there is none.

  bool any() const { return !unified.empty(); }
  bool limits_memory() const { return memory_v2 || !memory_v1.empty(); }
  bool limits_processes() const { return pids_v2 || !pids_v1.empty(); }
};

/// Looks at the mounted hierarchies and this process's place in them; tries whether a group can be
/// made there. GENESIS_CGROUP=off in the environment means none. `with_cpu`: shares of processors
/// too, whose controller costs every process something where it is switched on.
CgroupSupport find_cgroups(bool with_cpu = false);

/// The groups of one slot, used by one job after the other: membership and the end by cgroup v2,
/// limits by v2 controllers or those of v1. I/O thread only.
class CgroupSlot final {
 public:
  CgroupSlot() = default;
  /// For SpawnSpec::cgroup_fd and join_fds. Sets the limits of the next job; absent ones are
  /// lifted.
  Status prepare(std::optional<std::uint64_t> memory_bytes, std::optional<std::uint64_t> processes);
  int unified_fd() const { return folder_.get(); }
  std::vector<int> join_fds() const;

  void signal_all(int signal);
  void kill_all();
  bool empty();
  bool limits_processes() const { return limited_processes_; }

  /// Since prepare().
  bool killed_for_memory();
  std::uint64_t peak_memory_bytes();

 private:
  friend class CgroupRun;
  std::uint64_t memory_kills();
  std::vector<std::string> folders() const;

  std::string unified_;
  std::string memory_;  ///< Where the memory files are: v1's or v2's folder; empty: nowhere.
  std::string pids_;
  bool memory_is_v1_ = false;
  bool pids_is_v1_ = false;
  bool limited_memory_ = false;
  bool limited_processes_ = false;
  bool killed_ = false;  ///< By cgroup.kill.
  Fd folder_;
  Fd processes_;  ///< cgroup.procs, for reading: a look costs one call.
  Fd events_;     ///< cgroup.events, likewise.
  Fd join_memory_;
  Fd join_pids_;
  std::uint64_t memory_kills_before_ = 0;
};

/// The groups of one launcher, named after this process so that a later one can tell whether they
/// are stale. Removed on destruction.
class CgroupRun {
 public:
  /// Sweeps stale groups of dead processes, then makes its own.
  static Result<std::unique_ptr<CgroupRun>> open(const CgroupSupport& support);
  ~CgroupRun();
  CgroupRun(const CgroupRun&) = delete;
  CgroupRun& operator=(const CgroupRun&) = delete;

  /// The groups of slot `index`, made when first asked for.
  Result<CgroupSlot*> slot(int index);
  /// The same for a job about to start. Where the last one was killed there are new groups: Linux
  /// (seen in 6.18) compares the kills of a child's group with those of its parent's, and so kills
  /// at birth whatever is cloned into a group after its cgroup.kill was written.
  Result<CgroupSlot*> slot_for_next(int index);
  /// All folders, for the guard.
  std::vector<std::string> folders() const;

 private:
  explicit CgroupRun(CgroupSupport support) : support_(std::move(support)) {}
  Status make_folders();
  Result<std::unique_ptr<CgroupSlot>> make_slot(const std::string& name) const;

  CgroupSupport support_;
  std::string unified_;
  std::string memory_;
  std::string pids_;
  std::vector<std::unique_ptr<CgroupSlot>> slots_;
  int renewed_ = 0;
};

/// KILLs every process below a cgroup v2 folder; does nothing for v1 folders.
void kill_cgroup_tree(const std::string& folder);
/// Removes a folder and its sub-folders once they are empty; waits up to two seconds for that.
bool remove_cgroup_tree(const std::string& folder);

}  // namespace genesis::process
