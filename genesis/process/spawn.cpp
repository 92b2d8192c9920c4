#include "genesis/process/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "genesis/base/text.h"
#include "genesis/process/proc_fs.h"

// Instrumented code must not run in the child: it would write the sanitizer's state of the parent's
// thread, whose memory it shares.
#if defined(__clang__)
#define GENESIS_NO_SANITIZE __attribute__((no_sanitize("address", "thread", "undefined")))
#else
#define GENESIS_NO_SANITIZE \
  __attribute__((no_sanitize_address, no_sanitize_thread, no_sanitize_undefined))
#endif

namespace genesis::process {

namespace {

enum class Step : int {
  none,
  join_cgroup,
  session,
  affinity,
  limits,
  logs,
  folder,
  parent,
  capabilities,
  exec
};

constexpr std::uint64_t kAllSignals = ~std::uint64_t{0};
constexpr int kLastSignal = 64;
constexpr std::size_t kChildStackBytes = 32 * 1024;
constexpr std::size_t kMostInherited =
    6;  ///< Beside the first; below 10, where they are moved from.

std::atomic<bool> the_clone3_refused{false};

/// The kernel's struct sigaction, all zero: SIG_DFL.
struct KernelSigaction {
  unsigned long handler = 0;
  unsigned long flags = 0;
  unsigned long restorer = 0;
  std::uint64_t mask = 0;
};

/// What the child reads, and where it writes what went wrong. Plain data: the child allocates
/// nothing.
struct ChildPlan {
  const char* executable = nullptr;
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* working_directory = nullptr;
  const char* stdout_path = nullptr;
  const char* stderr_path = nullptr;
  int stdout_fd = -1;
  bool stderr_to_stdout = false;
  int stdin_fd = -1;
  int inherited_fd = -1;
  const int* more_fds = nullptr;
  std::size_t more_count = 0;
  int program_fd = -1;
  bool keep_capabilities = false;
  const ResourceLimit* limits = nullptr;
  std::size_t limit_count = 0;
  const cpu_set_t* cpus = nullptr;
  int cgroup_fd = -1;  ///< To be joined by hand; -1 when clone3 has done it.
  const int* join_fds = nullptr;
  std::size_t join_count = 0;
  int parent_death_signal = 0;
  pid_t parent = 0;
  std::uint64_t signals_to_reset = kAllSignals;
  Step failed_step = Step::none;
  int failed_errno = 0;
};

[[noreturn]] GENESIS_NO_SANITIZE void fail(ChildPlan* plan, Step step) {
  plan->failed_step = step;
  plan->failed_errno = errno;
  for (;;) ::syscall(SYS_exit_group, 127);
}

GENESIS_NO_SANITIZE void join_cgroups(ChildPlan* plan) {
  if (plan->cgroup_fd >= 0) {
    const long file =
        ::syscall(SYS_openat, plan->cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC, 0);
    if (file < 0 || ::syscall(SYS_write, file, "0", 1) != 1) fail(plan, Step::join_cgroup);
  }
  for (std::size_t i = 0; i < plan->join_count; ++i) {
    if (::syscall(SYS_write, plan->join_fds[i], "0", 1) != 1) fail(plan, Step::join_cgroup);
  }
}

GENESIS_NO_SANITIZE void redirect_to(ChildPlan* plan, const char* path, int flags, int target) {
  const long opened = ::syscall(SYS_openat, AT_FDCWD, path, flags, 0644);
  if (opened < 0) fail(plan, Step::logs);
  if (opened == target) return;
  if (::syscall(SYS_dup3, opened, target, 0) < 0) fail(plan, Step::logs);
  ::syscall(SYS_close, opened);
}

/// The first descriptor behind those that are passed on.
GENESIS_NO_SANITIZE std::size_t first_free(const ChildPlan* plan) {
  return plan->inherited_fd >= 0 ? 4 + plan->more_count : 3;
}

GENESIS_NO_SANITIZE void redirect_all(ChildPlan* plan) {
  constexpr int kLogFlags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_APPEND;
  // What is passed on moves up first, so that a low number of it is not overwritten.
  long inherited = plan->inherited_fd;
  long output = plan->stdout_fd;
  if (inherited >= 0) inherited = ::syscall(SYS_fcntl, inherited, F_DUPFD, 10);
  if (output >= 0) output = ::syscall(SYS_fcntl, output, F_DUPFD, 10);
  long input = plan->stdin_fd;
  if (input >= 0) input = ::syscall(SYS_fcntl, input, F_DUPFD, 10);
  long moved[kMostInherited];
  for (std::size_t i = 0; i < plan->more_count; ++i) {
    moved[i] = ::syscall(SYS_fcntl, plan->more_fds[i], F_DUPFD, 10);
    if (moved[i] < 0) fail(plan, Step::logs);
  }
  long program = plan->program_fd;
  if (program >= 0) program = ::syscall(SYS_fcntl, program, F_DUPFD, 10);
  if (input >= 0) {
    if (::syscall(SYS_dup3, input, STDIN_FILENO, 0) < 0) fail(plan, Step::logs);
  } else {
    redirect_to(plan, "/dev/null", O_RDONLY, STDIN_FILENO);
  }
  if (output >= 0) {
    if (::syscall(SYS_dup3, output, STDOUT_FILENO, 0) < 0) fail(plan, Step::logs);
  } else {
    redirect_to(plan, plan->stdout_path, kLogFlags, STDOUT_FILENO);
  }
  if (plan->stderr_to_stdout) {
    if (::syscall(SYS_dup3, STDOUT_FILENO, STDERR_FILENO, 0) < 0) fail(plan, Step::logs);
  } else {
    redirect_to(plan, plan->stderr_path, kLogFlags, STDERR_FILENO);
  }
  if (inherited >= 0 && ::syscall(SYS_dup3, inherited, 3, 0) < 0) fail(plan, Step::logs);
  for (std::size_t i = 0; i < plan->more_count; ++i) {
    if (::syscall(SYS_dup3, moved[i], 4 + i, 0) < 0) fail(plan, Step::logs);
  }
  if (program >= 0) {
    plan->program_fd = static_cast<int>(first_free(plan));
    if (::syscall(SYS_dup3, program, plan->program_fd, O_CLOEXEC) < 0) fail(plan, Step::logs);
  }
}

GENESIS_NO_SANITIZE void close_the_rest(const ChildPlan* plan) {
  const unsigned first =
      static_cast<unsigned>(first_free(plan)) + (plan->program_fd >= 0 ? 1u : 0u);
  if (::syscall(SYS_close_range, first, ~0u, 0) == 0) return;
  for (unsigned fd = first; fd < 65536; ++fd) ::syscall(SYS_close, fd);  // Linux before 5.9.
}

/// `signals`: a bit per signal whose disposition is not the default (or may not be).
GENESIS_NO_SANITIZE void reset_signals(std::uint64_t signals) {
  KernelSigaction by_default;
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    if ((signals >> (signal - 1) & 1) == 0) continue;
    ::syscall(SYS_rt_sigaction, signal, &by_default, nullptr, sizeof(std::uint64_t));
  }
  std::uint64_t none = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none);
}

/// A process without a mapped user number in its new user namespace would lose everything at
/// execve; what is ambient stays.
GENESIS_NO_SANITIZE void keep_capabilities(ChildPlan* plan) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) < 0) fail(plan, Step::capabilities);
  for (__user_cap_data_struct& part : data) part.inheritable = part.permitted;
  if (::syscall(SYS_capset, &header, data) < 0) fail(plan, Step::capabilities);
  for (unsigned long one = 0; one < 64; ++one) {
    if ((data[one / 32].permitted >> (one % 32) & 1) == 0) continue;
    if (::syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, one, 0, 0) < 0) {
      fail(plan, Step::capabilities);
    }
  }
}

/// The child's whole life before execve. Shares memory with a parent that stands still.
GENESIS_NO_SANITIZE int child_main(void* argument) {
  auto* plan = static_cast<ChildPlan*>(argument);
  join_cgroups(plan);
  if (::syscall(SYS_setsid) < 0) fail(plan, Step::session);
  if (plan->cpus != nullptr &&
      ::syscall(SYS_sched_setaffinity, 0, sizeof(cpu_set_t), plan->cpus) < 0) {
    fail(plan, Step::affinity);
  }
  redirect_all(plan);
  if (plan->working_directory != nullptr && ::syscall(SYS_chdir, plan->working_directory) < 0) {
    fail(plan, Step::folder);
  }
  close_the_rest(plan);
  for (std::size_t i = 0; i < plan->limit_count; ++i) {
    const ResourceLimit& limit = plan->limits[i];
    const std::uint64_t values[2] = {limit.soft, limit.hard};
    if (::syscall(SYS_prlimit64, 0, limit.resource, values, nullptr) < 0) fail(plan, Step::limits);
  }
  if (plan->parent_death_signal != 0) {
    if (::syscall(SYS_prctl, PR_SET_PDEATHSIG, plan->parent_death_signal, 0, 0, 0) < 0 ||
        ::syscall(SYS_getppid) != plan->parent) {
      fail(plan, Step::parent);
    }
  }
  reset_signals(plan->signals_to_reset);
  if (plan->keep_capabilities) keep_capabilities(plan);
  if (plan->program_fd >= 0) {
    ::syscall(SYS_execveat, plan->program_fd, "", plan->argv, plan->environment, AT_EMPTY_PATH);
  } else {
    ::syscall(SYS_execve, plan->executable, plan->argv, plan->environment);
  }
  fail(plan, Step::exec);
}

/// clone3 with a function for the child to run, which the C library does not offer: the child
/// returns from the system call on its own empty stack, so it must call without looking at it.
long clone3_call(clone_args* args, int (*function)(void*), void* argument) {
#if defined(__x86_64__)
  long result = SYS_clone3;
  __asm__ volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "movq %[argument], %%rdi\n\t"
      "callq *%[function]\n\t"
      "hlt\n"
      "1:\n"
      : "+a"(result)
      : "D"(args), "S"(sizeof *args), [function] "r"(function), [argument] "r"(argument)
      : "rcx", "r11", "memory", "cc");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = SYS_clone3;
  register long x0 __asm__("x0") = reinterpret_cast<long>(args);
  register long x1 __asm__("x1") = sizeof *args;
  __asm__ volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x0, %[argument]\n\t"
      "blr %[function]\n\t"
      "brk #0\n"
      "1:\n"
      : "+r"(x0)
      : "r"(x8), "r"(x1), [function] "r"(function), [argument] "r"(argument)
      : "memory", "cc");
  return x0;
#else
  static_cast<void>(args), static_cast<void>(function), static_cast<void>(argument);
  return -ENOSYS;
#endif
}

bool is_ignored(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// A bit for each signal that this process ignores, which a child inherits and execve keeps. To ask
/// for all 64 costs as much as the rest of the child's set-up: that is done once, and later only
/// for those that programs do ignore on their way.
std::uint64_t ignored_signals() {
  static const std::uint64_t at_first = [] {
    std::uint64_t found = 0;
    for (int signal = 1; signal <= kLastSignal; ++signal) {
      if (is_ignored(signal)) found |= std::uint64_t{1} << (signal - 1);
    }
    return found;
  }();
  std::uint64_t found = at_first;
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD,
                           SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ}) {
    if (is_ignored(signal)) found |= std::uint64_t{1} << (signal - 1);
  }
  return found;
}

/// Returns the pid or a negated errno; fills `pidfd`.
long start_with_clone3(ChildPlan& plan, const SpawnSpec& spec, std::byte* stack, int& pidfd) {
  const int cgroup_fd = spec.cgroup_fd;
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | spec.namespaces;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<std::uintptr_t>(stack);
  args.stack_size = kChildStackBytes;
  if (cgroup_fd >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(cgroup_fd);
  }
  plan.cgroup_fd = -1;
  plan.signals_to_reset = ignored_signals();  // The kernel resets those that have a handler.
  return clone3_call(&args, &child_main, &plan);
}

long start_with_clone(ChildPlan& plan, const SpawnSpec& spec, std::byte* stack, int& pidfd) {
  plan.cgroup_fd = spec.cgroup_fd;
  plan.signals_to_reset = kAllSignals;
  const int flags =
      CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | static_cast<int>(spec.namespaces);
  const int pid = ::clone(&child_main, stack + kChildStackBytes, flags, &plan, &pidfd);
  return pid < 0 ? -errno : pid;
}

bool is_refusal(long result) {
  return result == -ENOSYS || result == -EPERM || result == -EINVAL || result == -E2BIG;
}

long start(ChildPlan& plan, const SpawnSpec& spec, int& pidfd) {
  alignas(16) std::byte stack[kChildStackBytes];
  if (spec.method != SpawnMethod::legacy_clone &&
      !the_clone3_refused.load(std::memory_order_relaxed)) {
    const long result = start_with_clone3(plan, spec, stack, pidfd);
    if (!is_refusal(result) || spec.method == SpawnMethod::clone3) return result;
    // Namespaces are refused for reasons of their own, which say nothing of clone3.
    if (spec.namespaces == 0) the_clone3_refused.store(true);
  }
  return start_with_clone(plan, spec, stack, pidfd);
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

tl::unexpected<Error> describe_failure(const SpawnSpec& spec, Step step, int cause) {
  const char* reason = std::strerror(cause);
  switch (step) {
    case Step::none:
      break;
    case Step::join_cgroup:
      return make_error(ErrorKind::io,
                        fmt::format("put '{}' into its cgroup: {}", spec.executable, reason));
    case Step::session:
    case Step::parent:
    case Step::capabilities:
      return make_error(ErrorKind::io,
                        fmt::format("start a session for '{}': {}", spec.executable, reason));
    case Step::affinity:
      return make_error(ErrorKind::io,
                        fmt::format("pin '{}' to its processors: {}", spec.executable, reason));
    case Step::limits:
      return make_error(ErrorKind::io,
                        fmt::format("set the limits of '{}': {}", spec.executable, reason));
    case Step::logs:
      return make_error(ErrorKind::io, fmt::format("open the log files '{}' and '{}': {}",
                                                   spec.stdout_path, spec.stderr_path, reason));
    case Step::folder:
      return make_error(ErrorKind::io,
                        fmt::format("enter the folder '{}': {}", spec.working_directory, reason));
    case Step::exec: {
      if (cause == ENOMEM || cause == EAGAIN) {
        return make_error(ErrorKind::unavailable,
                          fmt::format("run '{}': {}", spec.executable, reason));
      }
      const char* hint =
          cause == ENOEXEC ? " (a script needs a first line like #!/usr/bin/env python3)"
          : cause == ENOENT
              ? " (the file, or the interpreter that its first line names, is not there)"
              : "";
      return make_error(cause == ENOENT ? ErrorKind::not_found : ErrorKind::invalid_argument,
                        fmt::format("run '{}': {}{}", spec.executable, reason, hint));
    }
  }
  return make_error(ErrorKind::internal, fmt::format("start '{}': {}", spec.executable, reason));
}

/// Clock ticks since boot, as the kernel counts them in /proc/<pid>/stat.
std::uint64_t boot_ticks() {
  static const auto kTicksPerSecond = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kTicksPerSecond +
         static_cast<std::uint64_t>(now.tv_nsec) * kTicksPerSecond / 1'000'000'000;
}

/// A child born between two looks at the clock in the same tick was born in that tick: no need to
/// ask /proc, which costs more than the clone.
std::uint64_t start_ticks_of(pid_t pid, std::uint64_t before) {
  if (before == boot_ticks()) return before;
  const auto stat = read_stat(pid);
  return stat ? stat->id.start_ticks : 0;
}

/// No signal handler may run in the child: it would run on the parent's memory.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &kAllSignals, &before_, sizeof before_);
  }
  ~AllSignalsBlocked() {
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  std::uint64_t before_ = 0;
};

}  // namespace

Result<Child> spawn(const SpawnSpec& spec) {
  const std::vector<char*> argv = pointers_to(spec.argv);
  const std::vector<char*> environment = pointers_to(spec.environment);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (const int cpu : spec.cpus) CPU_SET(static_cast<unsigned>(cpu), &cpus);

  ChildPlan plan;
  plan.executable = spec.executable.c_str();
  plan.argv = argv.data();
  plan.environment = environment.data();
  if (!spec.working_directory.empty()) plan.working_directory = spec.working_directory.c_str();
  plan.stdout_path = spec.stdout_path.empty() ? "/dev/null" : spec.stdout_path.c_str();
  plan.stderr_path = spec.stderr_path.empty() ? "/dev/null" : spec.stderr_path.c_str();
  plan.stdout_fd = spec.stdout_fd;
  plan.stderr_to_stdout = spec.stderr_to_stdout;
  plan.stdin_fd = spec.stdin_fd;
  plan.inherited_fd = spec.inherited_fd;
  if (spec.more_fds.size() > kMostInherited || (!spec.more_fds.empty() && spec.inherited_fd < 0)) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("start '{}': descriptors cannot be passed on", spec.executable));
  }
  plan.more_fds = spec.more_fds.data();
  plan.more_count = spec.more_fds.size();
  plan.program_fd = spec.program_fd;
  plan.keep_capabilities = (spec.namespaces & CLONE_NEWUSER) != 0;
  plan.limits = spec.limits.data();
  plan.limit_count = spec.limits.size();
  if (!spec.cpus.empty()) plan.cpus = &cpus;
  plan.join_fds = spec.join_fds.data();
  plan.join_count = spec.join_fds.size();
  plan.parent_death_signal = spec.parent_death_signal;
  plan.parent = ::getpid();

  int pidfd = -1;
  long pid = 0;
  const std::uint64_t before = boot_ticks();
  {
    const AllSignalsBlocked blocked;
    pid = start(plan, spec, pidfd);
  }
  if (pid < 0) {
    const int cause = static_cast<int>(-pid);
    const auto kind = cause == EAGAIN || cause == ENOMEM ? ErrorKind::unavailable : ErrorKind::io;
    return make_error(
        kind, fmt::format("start a process for '{}': {}", spec.executable, std::strerror(cause)));
  }
  Child child{static_cast<pid_t>(pid), Fd(pidfd), 0};
  if (plan.failed_step != Step::none) {
    while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return describe_failure(spec, plan.failed_step, plan.failed_errno);
  }
  child.start_ticks = start_ticks_of(child.pid, before);
  return child;
}

Result<std::string> find_executable(std::string_view name, std::string_view path_variable) {
  namespace fs = std::filesystem;
  if (name.empty()) return make_error(ErrorKind::invalid_argument, "the command is empty");
  const auto usable = [](const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string_view::npos) {
    std::error_code failure;
    const std::string path = fs::absolute(fs::path(name), failure).string();
    if (usable(path)) return path;
    if (!fs::exists(path, failure)) return errno_error("run", path, ENOENT);
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("run '{}': not an executable file (chmod +x?)", path));
  }
  for (const std::string_view folder : split(path_variable, ':')) {
    std::string path = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    if (usable(path)) return path;
  }
  return make_error(ErrorKind::not_found,
                    fmt::format("run '{}': no such command in PATH ({})", name, path_variable));
}

bool clone3_refused() {
  return the_clone3_refused.load();
}

}  // namespace genesis::process
