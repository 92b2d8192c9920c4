#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "launch/e2b/agent_calls.h"
#include "launch/e2b/process_messages.h"
#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

/// Commands in sandboxes. On the loop's thread; streams must end before this does.
class ProcessClient {
 public:
  explicit ProcessClient(const AgentCalls& calls) : calls_(calls) {}

  /// `terminal`: a shell's, which wants TERM and the like in the command's environment.
  Awaitable<Outcome<std::unique_ptr<CommandStream>>> start(SandboxHandle sandbox,
                                                           RemoteCommand command,
                                                           std::optional<TerminalSize> terminal);
  Awaitable<Outcome<std::unique_ptr<CommandStream>>> follow(SandboxHandle sandbox,
                                                            std::int64_t pid);
  Awaitable<Outcome<CommandAnswer>> run(SandboxHandle sandbox, RemoteCommand command,
                                        std::size_t limit);
  Awaitable<Outcome<bool>> signal(SandboxHandle sandbox, std::int64_t pid, bool kill);
  Awaitable<Outcome<std::vector<RemoteProcess>>> list(SandboxHandle sandbox);
  Awaitable<Outcome<void>> send_input(SandboxHandle sandbox, std::int64_t pid, std::string bytes,
                                      bool to_terminal);
  /// `refused` where the agent is older than 0.5.2.
  Awaitable<Outcome<void>> close_input(SandboxHandle sandbox, std::int64_t pid);
  Awaitable<Outcome<void>> resize(SandboxHandle sandbox, std::int64_t pid, TerminalSize size);

 private:
  Awaitable<Outcome<std::unique_ptr<CommandStream>>> begun(std::unique_ptr<MessageStream> stream);

  const AgentCalls& calls_;
};

}  // namespace genesis::launch::e2b
