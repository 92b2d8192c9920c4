#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/evolve/run_config.h"

namespace genesis::run {

/// Removes a store whose only content are seeds that failed: the person mends them and starts
/// again.
Status forget_failed_seed(const std::filesystem::path& store_file);

/// Free space or inodes are short below one of the folders: a text for people; empty when all is
/// well.
std::string space_trouble(const std::vector<std::filesystem::path>& folders,
                          const ResultsConfig& results);

}  // namespace genesis::run
