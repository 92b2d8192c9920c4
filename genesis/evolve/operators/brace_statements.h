#pragma once

#include <vector>

#include "genesis/evolve/operators/statements.h"

namespace genesis::evolve {

/// find_statements for languages whose blocks stand in braces.
std::vector<Statement> find_brace_statements(const ViewedFile& file, const MutableBlock& block);

}  // namespace genesis::evolve
