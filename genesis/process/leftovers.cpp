#include "genesis/process/leftovers.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <set>

#include "genesis/base/fd.h"
#include "genesis/process/proc_fs.h"
#include "genesis/process/process_family.h"

namespace genesis::process {

namespace {

void mark_as_ended(const std::string& environment) {
  const auto folder = environment_value(environment, kWorkDirVariable);
  if (!folder || folder->empty()) return;
  const std::string path = *folder + std::string("/").append(kEndedMarker);
  const Fd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644));
}

/// Marks each one's folder on the way: nobody is looked for to be left alone.
std::vector<ProcessId> find_matches(const LeftoverMatch& match) {
  std::vector<ProcessId> found;
  const pid_t self = ::getpid();
  for (const pid_t pid : all_processes()) {
    if (pid == self) continue;
    const std::string environment = read_environment(pid);
    const bool named = environment_value(environment, match.variable) == match.value;
    if (!named && !(match.mark && carries_mark(pid, *match.mark))) continue;
    const auto stat = read_stat(pid);
    if (!stat || stat->is_zombie()) continue;
    mark_as_ended(environment);
    found.push_back(stat->id);
  }
  return found;
}

}  // namespace

void mark_leftovers(const LeftoverMatch& match) {
  find_matches(match);
}

int end_leftovers(const LeftoverMatch& match, std::chrono::milliseconds deadline) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + deadline;
  std::set<ProcessId> met;
  // Twice nothing: a process that was forking while its parent was looked at shows up the second
  // time.
  int clean_looks = 0;
  while (clean_looks < 2 && Clock::now() < until) {
    const std::vector<ProcessId> found = with_descendants(find_matches(match));
    for (const ProcessId& id : found) {
      if (id.pid == ::getpid()) continue;
      met.insert(id);
      signal_process(id, SIGKILL);
    }
    clean_looks = found.empty() ? clean_looks + 1 : 0;
    if (!found.empty()) ::poll(nullptr, 0, 2);
  }
  return static_cast<int>(met.size());
}

}  // namespace genesis::process
