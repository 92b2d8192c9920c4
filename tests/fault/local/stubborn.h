#pragma once

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "genesis/base/files.h"
#include "genesis/process/proc_fs.h"

namespace genesis {

/// A shell text that leaves a grandchild behind: forked twice, in a session of its own, deaf to
/// TERM; it writes its pid to `pid_file`. With `forget_environment` it keeps none of the job's
/// variables.
inline std::string leave_stubborn_grandchild(const fs::path& pid_file, bool forget_environment) {
  const std::string body = "trap \"\" TERM HUP INT; echo $$ > " + pid_file.string() + ".tmp; mv " +
                           pid_file.string() + ".tmp " + pid_file.string() +
                           "; while :; do sleep 1; done";
  const std::string scrub = forget_environment ? "env -i PATH=\"$PATH\" " : "";
  return "( " + scrub + "setsid sh -c '" + body + "' & ) ; ";
}

/// Waits for something with a deadline; the poll interval is not what is tested.
template <typename Condition>
bool wait_until(Condition condition, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

inline pid_t pid_in(const fs::path& file) {
  return static_cast<pid_t>(std::atoi(read_file(file).value_or("0").c_str()));
}

/// No such process, or only its entry in the table of one that was not waited for.
inline bool is_gone(pid_t pid) {
  const auto stat = process::read_stat(pid);
  return !stat || stat->is_zombie();
}

}  // namespace genesis
