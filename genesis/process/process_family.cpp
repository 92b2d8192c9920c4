#include "genesis/process/process_family.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>

namespace genesis::process {

namespace {

constexpr rlim_t kUsualQueueBytes = 819'200;  // Linux's default.
constexpr rlim_t kMarks = 65'536;

/// A value below the present hard limit that no other launcher is likely to use.
std::optional<ResourceLimit> choose_mark() {
  rlimit now{};
  if (::getrlimit(RLIMIT_MSGQUEUE, &now) != 0) return std::nullopt;
  const rlim_t ceiling = std::min(now.rlim_max, kUsualQueueBytes);
  if (ceiling <= 2 * kMarks) return std::nullopt;  // We run inside a job of somebody like us.
  std::random_device entropy;
  const rlim_t value = ceiling - 1 - entropy() % kMarks;
  return ResourceLimit{RLIMIT_MSGQUEUE, value, value};
}

}  // namespace

bool carries_mark(pid_t pid, const ResourceLimit& mark) {
  rlimit found{};
  const auto resource = static_cast<__rlimit_resource>(mark.resource);
  return ::prlimit(pid, resource, nullptr, &found) == 0 && found.rlim_max == mark.hard;
}

Result<ProcessFamily> ProcessFamily::open(std::string id, const ChildWatcher& watcher) {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return errno_error("become the reaper of", "orphaned jobs", errno);
  }
  ProcessFamily family(std::move(id), watcher);
  family.mark_ = choose_mark();
  return family;
}

std::vector<ProcessStat> ProcessFamily::adopted() const {
  std::vector<ProcessStat> living;
  for (const pid_t pid : children_of_first_thread()) {
    if (watcher_->watches(pid)) continue;
    if (mark_ && !carries_mark(pid, *mark_)) continue;  // A child of the host program's own.
    const auto stat = read_stat(pid);
    if (!stat) continue;
    if (!mark_ && environment_value(read_environment(pid), kLaunchIdVariable) != id_) continue;
    if (stat->is_zombie()) {
      if (stat->session == pid && leaders_expected_ && leaders_expected_()) continue;
      ::waitpid(pid, nullptr, WNOHANG);
    } else {
      living.push_back(*stat);
    }
  }
  return living;
}

std::vector<ProcessId> ProcessFamily::members(const ProcessId& leader, const std::string& token,
                                              std::uint64_t oldest_other) const {
  std::vector<ProcessId> roots{leader};
  for (const ProcessStat& orphan : adopted()) {
    if (orphan.id.start_ticks < leader.start_ticks) continue;
    const auto named = environment_value(read_environment(orphan.id.pid), kTokenVariable);
    const bool ours = named ? *named == token
                            : orphan.session == leader.pid || orphan.group == leader.pid ||
                                  orphan.id.start_ticks < oldest_other;
    if (ours) roots.push_back(orphan.id);
  }
  return with_descendants(roots);
}

}  // namespace genesis::process
