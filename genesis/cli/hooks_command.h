#pragma once

#include <string>
#include <vector>

#include "genesis/cli/exit_code.h"
#include "genesis/hooks/hook_config.h"

namespace genesis::cli {

/// What is tried, and on whom.
struct HookTrial {
  std::string hook;   ///< Only this one; empty: all.
  std::string event;  ///< Only this event; empty: the first that a hook wants.
  std::string task;
  std::string run_dir;
};

/// Tells hooks of a made-up event and prints how it went. ExitCode::failed when one failed. Errors:
/// no hooks, an unknown hook or event.
Outcome try_hooks(const std::vector<hooks::HookConfig>& hooks, const HookTrial& trial);

}  // namespace genesis::cli
