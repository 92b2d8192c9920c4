#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "genesis/base/error.h"

namespace genesis {

namespace fs = std::filesystem;

/// Whether data must survive a loss of power (fsync of file and folder) or only of the process.
enum class Durability { process, power };

/// Reads a regular file; refuses symbolic links when `follow_links` is false, anything that is not
/// a regular file, and files larger than `max_bytes` (kind `parse`, so that callers can tell them).
Result<std::string> read_file(const fs::path& path, std::size_t max_bytes = 64u << 20,
                              bool follow_links = true);

/// The last `max_bytes` of a file, cut at a line start where one is near.
Result<std::string> read_tail(const fs::path& path, std::size_t max_bytes);

/// Writes or truncates; not atomic.
Status write_file(const fs::path& path, std::string_view content);

/// Writes under a temporary name in the same folder and renames: readers see all or nothing.
Status write_file_atomic(const fs::path& path, std::string_view content,
                         Durability durability = Durability::process);

/// mkdir -p.
Status make_directories(const fs::path& path);

/// Free bytes and inodes of the file system that holds `path`, for an ordinary user.
struct FreeSpace {
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;  ///< UINT64_MAX where the file system does not count them.
};
Result<FreeSpace> free_space(const fs::path& path);

/// NFS, CIFS, Lustre, GPFS, FUSE network mounts …: where locks and shared memory cannot be trusted.
bool is_network_file_system(const fs::path& path);

/// A folder of its own under TMPDIR, removed with all it holds on destruction.
class TempDir {
 public:
  explicit TempDir(std::string_view prefix = "genesis");
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace genesis
