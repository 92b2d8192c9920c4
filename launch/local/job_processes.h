#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "genesis/process/cgroup.h"
#include "genesis/process/child_watcher.h"
#include "genesis/process/guard.h"
#include "genesis/process/process_family.h"
#include "genesis/process/tree_end.h"
#include "launch/environment.h"
#include "launch/launcher.h"
#include "launch/local/leases.h"
#include "launch/local/local_job.h"
#include "launch/local/local_launcher.h"
#include "launch/local/local_outcome.h"
#include "launch/local/warm_pool.h"

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
  /// `notice` is called with a line for people; `warm_ready` when a job that waits for a fork
  /// server may look again.
  JobProcesses(LocalOptions options, const LauncherContext& context, process::ChildWatcher& watcher,
               std::function<void(std::string)> notice, std::function<void()> warm_ready);
  ~JobProcesses();
  JobProcesses(const JobProcesses&) = delete;
  JobProcesses& operator=(const JobProcesses&) = delete;

  Status open();
  /// Every job has ended.
  void close();
  Capabilities capabilities() const;

  /// Leases processors and graphics cards; false when some must be given back first.
  bool take_resources(LocalJob& job);
  enum class Start { now, by_server, wait };
  /// How this job is to be started; `wait`: a fork server is on its way. The job must hold its
  /// slot and resources.
  Start way_to_start(LocalJob& job);
  /// Starts the process and sets `leader` and `tree`.
  Result<process::Child> start(LocalJob& job);
  /// Asks the job's fork server. `started` comes later, or at once with an error.
  void start_by_server(const std::shared_ptr<LocalJob>& job,
                       std::function<void(Result<process::Child>)> started);
  /// Why a clone never became its job, if so.
  static std::optional<std::string> failed_start(const LocalJob& job);
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
  Environment environment_of(const LocalJob& job) const;
  Status check(const LocalJob& job) const;
  Result<std::string> program_of(const JobSpec& spec);
  /// What a process of the job is given, whichever way it starts.
  Result<process::CgroupSlot*> fill(process::SpawnSpec& start, const LocalJob& job);
  void adopt(LocalJob& job, const process::Child& child, process::CgroupSlot* slot);
  void end_unknown(const std::string& token) const;
  WarmPool::Settings warm_settings() const;
  std::vector<process::ResourceLimit> limits_of(const JobSpec& spec) const;
  Result<process::CgroupSlot*> prepare_slot(const LocalJob& job);
  Result<std::string> executable_of(const std::string& name, const std::string& path);
  void reap_orphans(bool now_at_once) const;
  std::uint64_t oldest_start_except(const process::ProcessId& leader) const;

  LocalOptions options_;
  std::string run_id_;
  std::filesystem::path run_dir_;
  int parallel_jobs_;
  boost::asio::io_context& io_;
  process::ChildWatcher* watcher_;
  std::function<void(std::string)> notice_;
  std::function<void()> warm_ready_;
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
  std::map<std::string, std::uint64_t> cloning_;  ///< By token: start_ticks_now() at the request.
  std::unique_ptr<WarmPool> warm_;
  std::string found_name_, found_path_, found_;  ///< The command looked for last, and where it was.
  mutable std::chrono::steady_clock::time_point next_reaping_;
};

}  // namespace genesis::launch
