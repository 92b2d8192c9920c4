#include "genesis/process/guard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "genesis/process/cgroup.h"
#include "genesis/process/leftovers.h"
#include "genesis/process/process_family.h"

extern char** environ;

namespace genesis::process {

namespace {

constexpr const char* kGuardName = "genesis-guard";
constexpr const char* kGuardVariable = "GENESIS_GUARD";
constexpr int kPipeFd = 3;
constexpr char kDismissed = 'd';
constexpr std::chrono::milliseconds kSweepDeadline{10'000};

/// Blocks until the runner says good-bye (true) or is gone (false).
bool wait_for_runner(int runner_pidfd) {
  pollfd watched[2] = {{kPipeFd, POLLIN, 0}, {runner_pidfd, POLLIN, 0}};
  for (;;) {
    if (::poll(watched, runner_pidfd >= 0 ? 2 : 1, -1) < 0 && errno == EINTR) continue;
    if (watched[0].revents != 0) {
      char message = 0;
      return ::read(kPipeFd, &message, 1) == 1 && message == kDismissed;
    }
    if (watched[1].revents != 0) return false;
  }
}

std::optional<ResourceLimit> parse_mark(std::string_view text) {
  rlim_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || value == 0) return std::nullopt;
  return ResourceLimit{RLIMIT_MSGQUEUE, value, value};
}

/// argv: name, launch id, mark or 0, cgroup folders.
int guard_main(int argc, char** argv) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
  const Fd runner(static_cast<int>(::syscall(SYS_pidfd_open, ::getppid(), 0)));
  if (wait_for_runner(runner.get())) return 0;
  LeftoverMatch match;
  match.variable = std::string(kLaunchIdVariable);
  match.value = argv[1];
  match.mark = parse_mark(argv[2]);
  mark_leftovers(match);
  for (int i = 3; i < argc; ++i) kill_cgroup_tree(argv[i]);
  end_leftovers(match, kSweepDeadline);
  for (int i = 3; i < argc; ++i) remove_cgroup_tree(argv[i]);
  return 0;
}

/// Runs in every program that holds this library, before main().
__attribute__((constructor)) void become_guard_if_asked(int argc, char** argv, char**) {
  if (argc < 3 || std::strcmp(argv[0], kGuardName) != 0) return;
  if (std::getenv(kGuardVariable) == nullptr) return;
  ::_exit(guard_main(argc, argv));
}

/// The guard needs what the loader needs to start this executable again, and nothing else.
std::vector<std::string> guard_environment() {
  std::vector<std::string> entries{fmt::format("{}=1", kGuardVariable)};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.starts_with("LD_") || text.starts_with("ASAN_OPTIONS=") ||
        text.starts_with("TSAN_OPTIONS=")) {
      entries.emplace_back(text);
    }
  }
  return entries;
}

}  // namespace

Result<Guard> Guard::start(const GuardPlan& plan) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make a pipe for", "the guard", errno);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  SpawnSpec spec;
  spec.executable = std::string("/proc/self/exe");
  spec.argv = {kGuardName, plan.launch_id,
               plan.mark ? std::to_string(plan.mark->hard) : std::string("0")};
  spec.argv.insert(spec.argv.end(), plan.cgroups.begin(), plan.cgroups.end());
  spec.environment = guard_environment();
  spec.working_directory = std::string("/");
  spec.inherited_fd = read_end.get();
  auto child = spawn(spec);
  if (!child) return tl::unexpected(std::move(child.error()).with_context("start the guard"));
  return Guard(std::move(*child), std::move(write_end));
}

Guard::~Guard() {
  if (!pipe_) return;
  pipe_.reset();
  wait();
}

void Guard::dismiss() {
  if (!pipe_) return;
  // The guard may have been killed; that is no reason to die of a broken pipe.
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  const ssize_t written = ::write(pipe_.get(), &kDismissed, 1);
  ::sigaction(SIGPIPE, &before, nullptr);
  static_cast<void>(written);
  pipe_.reset();
  wait();
}

void Guard::wait() {
  constexpr int kPatienceMs = 15'000;
  pollfd ended{child_.pidfd.get(), POLLIN, 0};
  while (::poll(&ended, 1, kPatienceMs) < 0 && errno == EINTR) {
  }
  if (ended.revents == 0) ::kill(child_.pid, SIGKILL);
  while (::waitpid(child_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace genesis::process
