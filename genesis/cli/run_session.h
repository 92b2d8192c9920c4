#pragma once

#include <functional>

#include "genesis/cli/exit_code.h"
#include "genesis/cli/stop_target.h"
#include "genesis/run/evolution_run.h"

namespace genesis::cli {

struct SessionOptions {
  bool quiet = false;
  bool closing_summary = true;
  /// Called when the run is made or found and is ours, before it begins.
  std::function<Status(bool resumed)> on_prepared;
};

/// Makes or resumes the run and stays with it to its end: signals, progress, closing summary. For
/// genesis_launch and `genesis resume`. Must be called before other threads exist.
Outcome run_session(run::RunSpec spec, const SessionOptions& options);

/// The same within a session of the caller's, who watches for signals: one run of several, one
/// after another. Errors are what is wrong before it begins.
Result<run::RunSummary> run_within(StopTarget& target, run::RunSpec spec,
                                   const SessionOptions& options);

/// Candidates run as the same user: without this one could write the runner's memory through /proc.
void shield_memory();

ExitCode exit_code_of(StopReason reason);

}  // namespace genesis::cli
