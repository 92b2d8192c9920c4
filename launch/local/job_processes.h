#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "genesis/process/cgroup.h"
#include "genesis/process/child_watcher.h"
#include "genesis/process/guard.h"
#include "genesis/process/process_family.h"
#include "genesis/process/tree_end.h"
#include "launch/launcher.h"
#include "launch/local/environment.h"
#include "launch/local/leases.h"
#include "launch/local/local_job.h"
#include "launch/local/local_launcher.h"
#include "launch/local/local_outcome.h"

namespace genesis::launch {

/// A job of an earlier runner: still there (`tree`), or what can be said of it.
struct Attached {
  std::unique_ptr<process::JobTree> tree;
  JobOutcome outcome;
};

/// The machine's side of the local launcher: environment, limits, processes, resources. The
/// launcher itself only decides when. I/O thread only.
class JobProcesses {
 public:
  JobProcesses(LocalOptions options, const LauncherContext& context,
               const process::ChildWatcher& watcher);
  ~JobProcesses();
  JobProcesses(const JobProcesses&) = delete;
  JobProcesses& operator=(const JobProcesses&) = delete;

  Status open();
  /// Every job has ended.
  void close();
  Capabilities capabilities() const;

  /// Leases processors and graphics cards; false when some must be given back first.
  bool take_resources(LocalJob& job);
  /// Starts the process and sets `leader` and `tree`. The job must hold its slot.
  Result<process::Child> start(LocalJob& job);
  void read_usage(const LocalJob& job, JobEndFacts& facts);
  /// The job is over: its leases and its tree go.
  void give_back(LocalJob& job);

  std::string ref_text(const LocalJob& job) const;
  Attached find_again(const JobSpec& spec, const std::optional<JobRef>& ref) const;

 private:
  class FamilyTree;
  class CgroupTree;

  void end_earlier_jobs();
  void prepare_resources();
  Status prepare_cgroups();
  Status prepare_environment();
  std::vector<std::string> environment_of(const LocalJob& job) const;
  std::vector<process::ResourceLimit> limits_of(const JobSpec& spec) const;
  Result<process::CgroupSlot*> prepare_slot(const LocalJob& job);
  Result<std::string> executable_of(const std::string& name, const std::string& path);
  void reap_orphans() const;
  std::uint64_t oldest_start_except(const process::ProcessId& leader) const;

  LocalOptions options_;
  std::string run_id_;
  std::filesystem::path run_dir_;
  int parallel_jobs_;
  const process::ChildWatcher* watcher_;
  std::optional<process::ProcessFamily> family_;
  process::CgroupSupport cgroup_support_;
  std::unique_ptr<process::CgroupRun> cgroups_;  ///< Null: process family only.
  std::optional<process::Guard> guard_;
  std::string boot_id_;
  Environment environment_;
  std::optional<LeasePool> cpus_;  ///< Empty pool unless processors are pinned.
  std::optional<LeasePool> gpus_;
  std::vector<std::string> gpu_names_;
  std::vector<process::ProcessId> running_;
  std::string found_name_, found_path_, found_;  ///< The command looked for last, and where it was.
  mutable std::chrono::steady_clock::time_point next_reaping_;
};

}  // namespace genesis::launch
