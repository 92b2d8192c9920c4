#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "genesis/base/error.h"

/// The files of a template's COPY steps, on this machine. Blocking; any thread.
namespace genesis::launch::e2b {

struct CopiedFiles {
  std::string hash;                ///< By which the provider knows them again.
  std::vector<std::string> paths;  ///< Relative to the folder: files and folders, sorted.

  CopiedFiles() = default;
};

/// What `source` (a file or a folder, relative to `folder`) brings for a COPY to `target`. Errors:
/// a path that leads out of the folder, nothing there, links and special files in it.
Result<CopiedFiles> files_to_copy(const std::filesystem::path& folder, const std::string& source,
                                  const std::string& target);

/// The archive of these files, as it is uploaded: tar, packed by gzip.
Status write_copy_archive(const std::filesystem::path& folder, const CopiedFiles& files,
                          const std::filesystem::path& archive);

}  // namespace genesis::launch::e2b
