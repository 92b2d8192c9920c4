#pragma once

#include <string>

#include "genesis/run/evolution_run.h"

namespace genesis::cli {

/// What a person who comes from ShinkaEvolve must know before the run, one line each.
std::string launch_notes(const run::RunSpec& spec);

}  // namespace genesis::cli
