#pragma once

#include <string>
#include <vector>

#include "genesis/base/fd.h"

namespace genesis {

/// A real SLURM cluster of this machine alone (tests/support/slurm_cluster.py, which ends it when
/// this object or this process does). Blocking; one thread.
class SlurmCluster {
 public:
  explicit SlurmCluster(const std::vector<std::string>& options = {});
  ~SlurmCluster();
  SlurmCluster(const SlurmCluster&) = delete;
  SlurmCluster& operator=(const SlurmCluster&) = delete;

  /// Why there is none: SLURM is not installed. Empty: it stands, and SLURM_CONF names it.
  const std::string& unavailable() const { return unavailable_; }
  /// "stop slurmctld", "start n1", …: the answer's text.
  std::string tell(const std::string& command);

 private:
  std::string read_line();
  pid_t pid_ = -1;
  Fd input_;
  Fd output_;
  std::string unread_;
  std::string unavailable_;
};

}  // namespace genesis
