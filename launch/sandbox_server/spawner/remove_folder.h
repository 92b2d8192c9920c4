#pragma once

#include <filesystem>

#include "genesis/base/error.h"

namespace genesis::sandbox_server {

/// Removes a sandbox's folder with all it holds, links themselves and not what they name, folders
/// without permissions too. A missing one is success. Blocking; any thread.
Status remove_folder(const std::filesystem::path& folder);

}  // namespace genesis::sandbox_server
