#pragma once

#include "launch/command.h"

namespace genesis::cli {

/// What the commands of backends may know of a run (launch/command.h). Errors: no such run, a store
/// that cannot be read.
Result<launch::RunFacts> run_facts(const std::string& run);

}  // namespace genesis::cli
