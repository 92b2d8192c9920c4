#pragma once

#include <string>

#include "genesis/base/error.h"
#include "genesis/cli/launch_arguments.h"
#include "genesis/config/compose.h"
#include "genesis/run/evolution_run.h"

namespace genesis::cli {

/// Every way in which a configuration can be wrong is wrong usage, whatever part of us found out.
tl::unexpected<Error> as_usage(Error error);

/// "file:line: key: message", or with the argument that said it in front.
Error located(const config::Composition& composition, const std::string& key,
              const std::string& message);

/// What the command line asks to be composed, with our configs/ as its base and the seed's
/// spellings rewritten. Loads `.env` of the working directory first.
Result<config::ComposeRequest> compose_request(const LaunchArguments& arguments);

/// Composes one run: `hydra.runtime.output_dir` is what `hydra.run.dir` says. `check_folder` false
/// lets it be unknown, for showing what cannot run as it stands.
Result<config::Composition> compose_run(config::ComposeRequest request, bool check_folder = true);

/// Binds it to a run. What does not fit is one line that starts with the file and line, or the
/// argument, that said it. Backends must be registered.
Result<run::RunSpec> bind_composition(const config::Composition& composition);

}  // namespace genesis::cli
