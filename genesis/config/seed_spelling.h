#pragma once

#include <string>
#include <vector>

namespace genesis::config {

/// The groups of configs/, all of which mount at the top level.
const std::vector<std::string>& known_groups();

/// The spellings that users of ShinkaEvolve and Genesis have in their fingers, rewritten before
/// Hydra's engine sees them: for a known group, "x=y" and "+x=y" become "x@_global_=y". Everything
/// else passes through, also what is already qualified ("x@pkg=y"), "~x" and "++x=y".
std::vector<std::string> rewrite_seed_spelling(const std::vector<std::string>& overrides);

}  // namespace genesis::config
