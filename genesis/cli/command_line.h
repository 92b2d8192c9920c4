#pragma once

#include <string>
#include <vector>

#include "genesis/cli/exit_code.h"

namespace genesis::cli {

/// Reads `genesis`'s arguments (without the program's name) and carries the command out. Unknown
/// commands and options are refused with the nearest name.
Outcome run_command_line(const std::vector<std::string>& arguments);

}  // namespace genesis::cli
