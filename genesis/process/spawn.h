#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"

namespace genesis::process {

/// One setrlimit() call made in the child.
struct ResourceLimit {
  int resource = 0;
  rlim_t soft = 0;
  rlim_t hard = 0;
};

/// How the kernel is asked for a child. `automatic` tries clone3 and remembers a refusal (an old
/// kernel, a seccomp filter); the others are for tests and benchmarks.
enum class SpawnMethod { automatic, clone3, legacy_clone };

/// A program to start. Nothing is inherited but what is named here: descriptors from 3 on are
/// closed, signals unblocked and at their defaults, standard input is /dev/null if nothing is said.
struct SpawnSpec {
  std::string executable;  ///< A path as `find_executable` returns it.
  std::vector<std::string> argv;
  std::vector<std::string> environment;  ///< "NAME=value"
  std::string working_directory;         ///< Empty: the parent's.
  std::string stdout_path;               ///< Created or truncated, never through a symbolic link.
  std::string stderr_path;               ///< Empty means /dev/null, for both.
  int stdout_fd = -1;                    ///< Instead of stdout_path when not negative.
  bool stderr_to_stdout = false;         ///< Both into one, whatever stderr_path says.
  int stdin_fd = -1;                     ///< Standard input when not negative.
  int inherited_fd = -1;                 ///< Becomes descriptor 3 when not negative.
  std::vector<int> more_fds;             ///< Become 4, 5, …; only with `inherited_fd`.
  int program_fd = -1;  ///< Run instead of the file `executable`, which then only names it.
  /// CLONE_NEW… flags: it starts in namespaces of its own, as first process where there is a new
  /// one for process numbers. In a new user namespace it keeps its capabilities over execve.
  std::uint64_t namespaces = 0;
  std::vector<ResourceLimit> limits;
  std::vector<int> cpus;        ///< Processors it may use; empty: all.
  int cgroup_fd = -1;           ///< A cgroup v2 folder to be born into.
  std::vector<int> join_fds;    ///< cgroup v1 `cgroup.procs` or `tasks`, open for writing, to join.
  int parent_death_signal = 0;  ///< Sent when the spawning *thread* ends; 0: none.
  SpawnMethod method = SpawnMethod::automatic;
};

/// A started child. The pidfd becomes readable when it has ended; the caller reaps it by wait4.
struct Child {
  pid_t pid = -1;
  Fd pidfd;
  std::uint64_t start_ticks = 0;  ///< As in /proc/<pid>/stat: together with the pid, an identity.
};

/// Starts a program as leader of a new session.
///
/// The child shares the parent's memory until execve (as with vfork), so that the cost does not
/// grow with the parent: no page table is copied. The calling thread stands still meanwhile; others
/// go on. Everything between clone and execve is bare system calls on a stack of its own, and a
/// failed step is reported with its name and cause. Any thread.
///
/// Errors: `not_found` or `invalid_argument` when the program cannot be executed (the user's
/// configuration), `unavailable` when the kernel has no process or memory to give, `io` otherwise.
Result<Child> spawn(const SpawnSpec& spec);

/// The program that `name` means: a path when it holds a slash (made absolute), else the first
/// executable file in `path_variable` ("/usr/bin:/bin").
Result<std::string> find_executable(std::string_view name, std::string_view path_variable);

/// Whether clone3 was refused by this kernel, so that the older call is used.
bool clone3_refused();

}  // namespace genesis::process
