#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/evolve/run_config.h"
#include "genesis/ui/status.h"

namespace genesis::run {

/// Looks at the free space below each folder that a run writes to and says what is too short to go
/// on; `seen` hears of each. Quick, but for a file system that hangs. Any one thread.
std::optional<SpaceTrouble> look_for_space(
    const std::vector<fs::path>& folders, const ResultsConfig& config,
    const std::function<void(const fs::path& folder, const FreeSpace& space)>& seen);

}  // namespace genesis::run
