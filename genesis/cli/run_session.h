#pragma once

#include <functional>

#include "genesis/cli/exit_code.h"
#include "genesis/run/evolution_run.h"

namespace genesis::cli {

struct SessionOptions {
  bool quiet = false;
  /// Called when the run is made or found and is ours, before it begins.
  std::function<Status(bool resumed)> on_prepared;
};

/// Makes or resumes the run and stays with it to its end: signals, progress, closing summary. For
/// genesis_launch and `genesis resume`. Must be called before other threads exist.
Outcome run_session(run::RunSpec spec, const SessionOptions& options);

}  // namespace genesis::cli
