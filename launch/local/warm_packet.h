#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/process/spawn.h"
#include "launch/environment.h"

namespace genesis::launch {

/// One job for a fork server. Descriptors are borrowed for the call.
struct WarmRequest {
  std::vector<std::string> arguments;  ///< After the evaluator's name.
  Environment environment;
  std::string folder;
  std::string token;
  std::string work_dir;
  std::vector<process::ResourceLimit> limits;
  std::vector<int> cpus;
  int output = -1;
  int error = -1;
  int cgroup = -1;
  std::vector<int> joins;
};

/// The request as a fork server reads it (launch/local/warm_request.h); `id` comes back with the
/// answer. An error when it is larger than a server takes, or has a string
/// that no process could be given.
Result<std::string> warm_packet(std::int64_t id, const WarmRequest& request);

}  // namespace genesis::launch
