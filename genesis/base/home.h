#pragma once

#include <filesystem>

#include "genesis/base/error.h"

namespace genesis {

/// The folder that holds configs/, evaluators/ and examples/: GENESIS_HOME, or found relative to
/// the running binary (a build tree inside the checkout, or <prefix>/share/genesis when installed).
Result<std::filesystem::path> home_directory();

/// `path` itself when absolute or present relative to the working directory; else relative to the
/// home directory when present there; else unchanged (so that the error names what the user wrote).
std::filesystem::path find_data_file(const std::filesystem::path& path);

/// The running executable.
std::filesystem::path executable_path();

}  // namespace genesis
