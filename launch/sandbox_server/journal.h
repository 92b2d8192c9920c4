#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"

namespace genesis::sandbox_server {

/// What a server knows that its successor must: one JSON object per line, the last one of a sandbox
/// counts. A line is written by one write() before the effect that it announces, without waiting
/// for the disk: it survives the end of the server by whatever signal, and after a loss of power
/// there is no sandbox that it could tell of (folders that nobody knows are swept at start).
///
/// The file belongs to one server: it is locked while open. One thread.
class Journal {
 public:
  /// Takes the lock and reads what is there; a last line cut in half is dropped. Errors: `conflict`
  /// (another server has the folder), `io`, `parse` (a line in the middle is not ours).
  static Result<Journal> open(const std::filesystem::path& folder,
                              std::vector<nlohmann::json>& lines);

  /// Replaces the file by these lines: what counts of all that was said.
  Status compact(const std::vector<nlohmann::json>& lines);
  Status append(const nlohmann::json& line);
  /// Bytes appended since it was compacted.
  std::size_t grown() const { return grown_; }

 private:
  std::filesystem::path path_;
  Fd lock_;
  Fd file_;
  std::size_t grown_ = 0;
};

}  // namespace genesis::sandbox_server
