#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/evolve/seed_queue.h"

namespace genesis::run {

/// What a run starts from, as one text for its store: a run goes on when the files are gone.
std::string encode_seeds(const std::vector<evolve::Seed>& seeds);
/// Errors: kind `parse`.
Result<std::vector<evolve::Seed>> decode_seeds(std::string_view encoded);

}  // namespace genesis::run
