#pragma once

#include <filesystem>

#include "genesis/base/error.h"

namespace genesis::run {

/// Removes a store whose only content are seeds that failed: the person mends them and starts
/// again.
Status forget_failed_seed(const std::filesystem::path& store_file);

}  // namespace genesis::run
