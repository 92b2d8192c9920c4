#pragma once

#include <string>
#include <vector>

#include "genesis/process/proc_fs.h"
#include "genesis/process/spawn.h"
#include "genesis/process/tree_end.h"

namespace genesis::hooks {

/// All processes that a hook's command has started: its descendants, its session, and what carries
/// its token in the environment. Found by a walk over /proc, so only asked when it is to end. Reaps
/// those that this process has adopted. I/O thread.
class CommandTree final : public process::JobTree {
 public:
  /// `token` is the value of kHookTokenVariable in the command's environment.
  CommandTree(const process::Child& leader, std::string token);

  void signal_all(int signal) override;
  void kill_all() override;
  bool empty() override;

 private:
  std::vector<process::ProcessId> members() const;

  process::ProcessId leader_;
  std::string token_;
};

inline constexpr const char* kHookTokenVariable = "GENESIS_HOOK_TOKEN";

}  // namespace genesis::hooks
