#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "genesis/base/error.h"
#include "launch/sandbox_server/envd/agent_state.h"
#include "launch/sandbox_server/envd/sandbox_plan.h"

namespace genesis::envd {

/// What genesis-envd was started with.
struct AgentOptions {
  bool help = false;
  std::string address = "127.0.0.1";  ///< Where it listens, without a descriptor.
  std::uint16_t port = 49983;
  int listen_fd = -1;
  std::string access_token;
  std::string default_user = "root";
  std::string default_folder;
  Environment environment;
  Environment reserved;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<double> cpus;
  /// All users are this one: no other number is there to become.
  bool one_identity = false;
  /// Before anything else the process makes itself a sandbox.
  std::optional<SandboxPlan> enter;
};

/// The command line, and the settings that a server hands over (as JSON, by a descriptor: they hold
/// the token). Errors: `invalid_argument`.
Result<AgentOptions> parse_options(int argc, const char* const* argv);
/// The settings alone; pure.
Result<AgentOptions> parse_settings(std::string_view json);
const char* usage();

}  // namespace genesis::envd
