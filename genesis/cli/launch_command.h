#pragma once

#include <string>
#include <vector>

#include "genesis/cli/exit_code.h"

namespace genesis::cli {

/// `genesis_launch`: arguments (without the program's name) → configuration → run.
Outcome run_launch(const std::vector<std::string>& arguments);

}  // namespace genesis::cli
