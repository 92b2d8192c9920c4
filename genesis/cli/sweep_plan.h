#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/config/multirun.h"
#include "genesis/run/evolution_run.h"

namespace genesis::cli {

/// The `sweep` section of the configuration: how the jobs of a sweep are run.
struct SweepSettings {
  bool share_pool = false;               ///< All at once, over one launcher.
  std::optional<int> max_parallel_jobs;  ///< Of the shared launcher; absent: the first job's.
  std::optional<int> max_runs;           ///< Runs at a time over it; absent: all.
};

/// One job of a sweep: a run of its own.
struct SweepEntry {
  config::SweepJob job;
  std::string title;  ///< The arguments that tell it from the others: "seed=2 task=a".
  std::filesystem::path folder;
};

/// A sweep whose every job has been composed and bound once; nothing has been written or begun.
struct SweepPlan {
  config::Multirun multirun;
  config::SweepPlaces places;
  std::filesystem::path folder;
  SweepSettings settings;
  std::vector<SweepEntry> entries;
};

/// Lays a sweep out. Its folder is `hydra.sweep.dir` where the arguments name it, else `output_dir`
/// where they do, else what the configuration says of `hydra.sweep.dir`. Errors are usage: what
/// cannot be composed or bound (with the job), no jobs at all, jobs that would share a folder.
/// Backends must be registered.
Result<SweepPlan> plan_sweep(const config::ComposeRequest& request);

/// What one job runs with.
struct SweepRun {
  config::Composition composition;
  run::RunSpec spec;
};
Result<SweepRun> compose_entry(const SweepPlan& plan, const SweepEntry& entry);

}  // namespace genesis::cli
