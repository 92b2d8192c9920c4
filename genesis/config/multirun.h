#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/files.h"
#include "genesis/config/compose.h"

namespace genesis::config {

enum class RunMode { run, multirun };

/// Whether the configuration and `--multirun` make this a sweep, as Hydra decides it; where only
/// the command line says so, "hydra.mode=RUN" or "hydra.mode=MULTIRUN" is appended to the
/// arguments.
RunMode decide_run_mode(ComposeRequest& request, bool multirun_flag);

/// One job of a sweep, and what the caller fixes for it.
struct SweepJob {
  std::size_t number = 0;
  std::vector<std::string> overrides;
};

/// What the program knows better than each job's configuration.
struct SweepPlaces {
  /// In place of each job's own `hydra.sweep.dir`, so that all jobs share one folder.
  std::optional<std::string> sweep_dir;
  /// A key of the job's configuration that becomes the job's folder ("output_dir"); empty for none.
  std::string folder_key;
};

/// A sweep as Hydra's basic sweeper lays it out: its own configuration, and the jobs in order. The
/// values of `hydra.sweeper.params` come before the arguments.
class Multirun {
 public:
  /// Composes the sweep's own configuration and expands the jobs; composes no job. `request` is
  /// what decide_run_mode has left. Throws ConfigError.
  static Multirun plan_or_throw(const ComposeRequest& request);
  static Result<Multirun> plan(const ComposeRequest& request);

  const Composition& own() const { return own_; }
  const std::vector<SweepJob>& jobs() const { return jobs_; }
  /// `hydra.sweep.dir`, absolute.
  fs::path sweep_dir_or_throw() const;
  /// The configuration of one job; `hydra.runtime.output_dir` is its folder. Throws ConfigError.
  Composition compose_job_or_throw(const SweepJob& job, const SweepPlaces& places) const;
  Result<Composition> compose_job(const SweepJob& job, const SweepPlaces& places) const;
  /// <folder>/multirun.yaml: the sweep's own configuration, `hydra` included.
  Status write_multirun_yaml(const fs::path& folder) const;

 private:
  Multirun(ComposeRequest request, Composition own)
      : request_(std::move(request)), own_(std::move(own)) {}

  ComposeRequest request_;
  Composition own_;
  std::vector<std::string> hydra_overrides_;
  std::vector<SweepJob> jobs_;
};

}  // namespace genesis::config
