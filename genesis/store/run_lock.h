#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "genesis/base/error.h"

namespace genesis::store {

/// Who owns a run.
struct LockOwner {
  std::string host;
  std::int64_t pid = 0;
  std::int64_t since = 0;      ///< Unix milliseconds.
  std::int64_t heartbeat = 0;  ///< Unix milliseconds of the last sign of life.
  std::int64_t fence = 0;      ///< Grows with every new owner.
};

/// One runner per run: the file "<run_dir>/.genesis/lock" under an OS lock (an open file
/// description lock, which the kernel drops with its process), and for other hosts (network file
/// systems) a heartbeat in it. Held until destruction, which leaves the file, marked released. A
/// thread of its own renews the heartbeat. Any thread.
class RunLock {
 public:
  /// Error kind `conflict` when another runner is alive: the message names host, pid and since
  /// when. A lock whose owner is dead (same host: OS lock free; other host: heartbeat older than 60
  /// seconds) is taken over with the next fence. The first fence is the time in seconds, so that it
  /// does not fall behind the store's when somebody deletes the lock file.
  static Result<std::unique_ptr<RunLock>> acquire(const std::filesystem::path& run_dir);
  virtual ~RunLock() = default;
  virtual std::int64_t fence() const = 0;
};

/// The present owner, if a runner is alive there; else kind `not_found`. Does not take the lock,
/// not even for a moment.
Result<LockOwner> lock_owner(const std::filesystem::path& run_dir);

}  // namespace genesis::store
