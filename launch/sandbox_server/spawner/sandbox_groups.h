#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"
#include "genesis/process/cgroup.h"
#include "launch/sandbox_server/sandbox_spawner.h"

namespace genesis::sandbox_server {

/// The control groups of sandboxes, named after these, so that the next server finds them again.
/// Membership, end and freezing by cgroup v2, limits by v2 or by v1 beside it. I/O thread only.
class SandboxGroups {
 public:
  explicit SandboxGroups(process::CgroupSupport support) : support_(std::move(support)) {}
  const process::CgroupSupport& support() const { return support_; }
  bool limits_cpus() const { return support_.cpu_v2 || !support_.cpu_v1.empty(); }

  /// What a new process needs to be born into the groups of one sandbox.
  struct Entry {
    std::vector<std::filesystem::path> folders;
    Fd unified;
    std::vector<Fd> join;
    SandboxLimits enforced;
  };
  /// Makes them; empty where this machine has none to give.
  Result<Entry> make(const std::string& id, const SandboxLimits& limits) const;
  /// Where they are, or would be.
  std::vector<std::filesystem::path> folders_of(const std::string& id) const;
  /// Kills what is in them and removes them; what could not be removed.
  std::string remove(const std::string& id) const;

  Status freeze(const std::string& id, bool frozen) const;
  bool killed_for_memory(const std::string& id) const;
  SandboxUsage usage(const std::string& id) const;
  /// The processes; absent where they cannot be told by groups.
  std::optional<std::vector<pid_t>> processes(const std::string& id) const;

 private:
  std::string unified(const std::string& id) const;
  std::string memory(const std::string& id) const;
  std::string pids(const std::string& id) const;
  std::string cpu(const std::string& id) const;
  Status limit_cpus(const std::string& folder, double cpus) const;

  process::CgroupSupport support_;
};

}  // namespace genesis::sandbox_server
