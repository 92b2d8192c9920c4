#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "launch/launcher.h"
#include "launch/registry.h"

namespace genesis::launch {

/// How the local launcher runs jobs; `local_config.h` has the form that users write.
struct LocalOptions {
  std::vector<std::string> env_passthrough;  ///< Variables to pass on, by name or pattern.
  std::string conda_env;                     ///< Activated once at open; excludes activate_script.
  std::string activate_script;               ///< Sourced by bash once at open.
  std::optional<int> numeric_threads_per_job;  ///< Absent: cores / parallel jobs, at least 1.
  bool pin_cpus = false;  ///< Jobs get processors of their own (`Resources::cpus` each).
  std::vector<std::string>
      gpu_ids;  ///< What to hand out; empty: CUDA_VISIBLE_DEVICES or what is there.
  WarmStarts warm = WarmStarts::when_ready;
  bool use_cgroups = true;  ///< Where they can be had; GENESIS_CGROUP=off says no as well.
};

/// Runs jobs as processes of this machine, `context.max_parallel_jobs` at a time.
///
/// A job is the leader of a session of its own in its working folder, with logs straight to
/// results/job_log.out and job_log.err. At a deadline, at cancel and after its own end everything
/// it started is ended (process/tree_end.h), found by cgroup or by process family
/// (process/process_family.h); should this process be killed, a guard does the same
/// (process/guard.h).
///
/// Jobs do not outlive their runner. `reattach` collects what had ended by itself (every output is
/// there and complete, in the same boot of the machine, and nobody had to end it) and reports
/// the rest as lost.
///
/// An evaluator that cannot be executed finishes as backend_error with the cause: the same text
/// each time, so that a caller can tell a wrong configuration from bad luck.
Result<std::unique_ptr<Launcher>> make_local_launcher(LocalOptions options,
                                                      const LauncherContext& context);

/// For the registry: name `local`, target LocalJobConfig.
Backend local_backend();

}  // namespace genesis::launch
