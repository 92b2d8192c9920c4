#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::process {

/// A process that cannot be mistaken for a later one with the same number.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< Clock ticks between boot and its start.
  auto operator<=>(const ProcessId&) const = default;
};

/// The fields of /proc/<pid>/stat that say where a process belongs.
struct ProcessStat {
  ProcessId id;
  char state = '?';
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  bool is_zombie() const { return state == 'Z' || state == 'X'; }
};

/// Absent when there is no such process (any more).
std::optional<ProcessStat> read_stat(pid_t pid);
/// "NAME=value" entries as the process was started with; empty for zombies and other users'.
std::string read_environment(pid_t pid);
std::optional<std::string> environment_value(std::string_view environment, std::string_view name);

/// Every process that this one may see.
std::vector<pid_t> all_processes();
/// Children of all threads of `pid`. Not atomic: a caller that must miss none asks until nothing
/// new comes.
std::vector<pid_t> children_of(pid_t pid);
/// Children of the first thread of this process, which is where the kernel puts orphans that it
/// adopts as sub-reaper.
std::vector<pid_t> children_of_first_thread();
/// `roots` and all their living descendants; zombies are left out.
std::vector<ProcessId> with_descendants(const std::vector<ProcessId>& roots);

/// Sends a signal to exactly this process; false when it is gone.
bool signal_process(const ProcessId& id, int signal);

/// What a process that started now would have as its `start_ticks`.
std::uint64_t start_ticks_now();

/// Changes at every boot of the machine.
std::string boot_id();

}  // namespace genesis::process
