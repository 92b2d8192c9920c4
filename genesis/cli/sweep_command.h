#pragma once

#include "genesis/cli/exit_code.h"
#include "genesis/config/compose.h"

namespace genesis::cli {

/// `genesis_launch -m`: every job of the sweep as a run of its own, one after another or all over
/// one pool (`sweep.share_pool`). A job that has finished is not run again, one that was
/// interrupted goes on, one that fails does not stop the others. Must be called before other
/// threads exist.
Outcome run_sweep(const config::ComposeRequest& request, bool quiet);

}  // namespace genesis::cli
