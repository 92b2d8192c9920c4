#pragma once

#include <filesystem>

namespace genesis::sandbox_server {

/// Tells the file system that the folders in this one have nothing to do with each other, so that
/// it places each somewhere else (ext4's "top of a hierarchy", chattr +T). For those that churn:
/// ext4 without a journal looks, for each new file, through all that were deleted near it in the
/// last minute. Where a file system knows no such hint, nothing happens. Any thread; blocking.
void spread_subfolders(const std::filesystem::path& folder);

}  // namespace genesis::sandbox_server
