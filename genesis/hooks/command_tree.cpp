#include "genesis/hooks/command_tree.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

namespace genesis::hooks {

CommandTree::CommandTree(const process::Child& leader, std::string token)
    : leader_{leader.pid, leader.start_ticks}, token_(std::move(token)) {}

std::vector<process::ProcessId> CommandTree::members() const {
  std::vector<process::ProcessId> roots{leader_};
  for (const pid_t pid : process::all_processes()) {
    if (pid == leader_.pid) continue;
    const auto stat = process::read_stat(pid);
    if (!stat || stat->id.start_ticks < leader_.start_ticks) continue;
    bool ours = stat->session == leader_.pid;
    if (!ours && !stat->is_zombie()) {
      ours =
          process::environment_value(process::read_environment(pid), kHookTokenVariable) == token_;
    }
    if (!ours) continue;
    if (!stat->is_zombie())
      roots.push_back(stat->id);
    else if (stat->parent == ::getpid())
      ::waitpid(pid, nullptr, WNOHANG);
  }
  return process::with_descendants(roots);
}

void CommandTree::signal_all(int signal) {
  for (const process::ProcessId& member : members()) process::signal_process(member, signal);
}

void CommandTree::kill_all() {
  // What is forked while we look is found by the next look.
  signal_all(SIGKILL);
}

bool CommandTree::empty() {
  return members().empty();
}

}  // namespace genesis::hooks
