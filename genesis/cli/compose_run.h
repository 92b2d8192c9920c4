#pragma once

#include "genesis/base/error.h"
#include "genesis/cli/launch_arguments.h"
#include "genesis/config/compose.h"
#include "genesis/run/evolution_run.h"

namespace genesis::cli {

/// Composes what the command line asks for, with our configs/ as its base. Loads `.env` of the
/// working directory first.
Result<config::Composition> compose_run(const LaunchArguments& arguments);

/// Binds it to a run. What does not fit is one line that starts with the file and line, or the
/// argument, that said it. Backends must be registered.
Result<run::RunSpec> bind_composition(const config::Composition& composition);

}  // namespace genesis::cli
