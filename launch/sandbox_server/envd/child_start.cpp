#include "launch/sandbox_server/envd/child_start.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "genesis/base/text.h"
#include "launch/sandbox_server/envd/paths.h"

namespace genesis::envd {

namespace {

enum class Step : int { session, terminal, descriptors, identity, folder, run };

struct Failure {
  Step step = Step::run;
  int cause = 0;  ///< Zero: it did not fail.
};

/// The limit on descriptors that the agent was started with; zero: it was not touched.
rlimit the_given_descriptors{};

/// What the child needs, made before it is.
struct ChildPlan {
  std::vector<std::string> candidates;  ///< Paths that the command may mean, in their order.
  std::vector<char*> argv;
  std::vector<char*> environment;
  const ChildSpec* spec = nullptr;
  int input = -1;
  int output = -1;
  int error = -1;
  Failure failure;  ///< The child writes it into the memory that it shares with us.
};

[[noreturn]] void give_up(ChildPlan& plan, Step step, int cause) {
  plan.failure = Failure{step, cause};
  ::_exit(127);
}

/// What is killed first when memory runs short: the command, not the agent.
void offer_to_oom_killer() {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  const ssize_t wrote = ::write(file, "100", 3);
  static_cast<void>(wrote);  // No /proc, no score: nothing to be done about it.
  ::close(file);
}

/// By system calls: the library's functions would change the agent's threads too, whose memory this
/// is.
void take_identity(ChildPlan& plan) {
  const Identity& identity = plan.spec->identity;
  if (!identity.uid) return;
  const gid_t gid = identity.gid;
  const uid_t uid = *identity.uid;
  if (::syscall(SYS_setgroups, identity.groups.size(), identity.groups.data()) != 0 ||
      ::syscall(SYS_setresgid, gid, gid, gid) != 0 ||
      ::syscall(SYS_setresuid, uid, uid, uid) != 0) {
    give_up(plan, Step::identity, errno);
  }
}

void reset_signals() {
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &by_default, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// In the agent's memory, which stands still meanwhile: nothing but system calls.
[[noreturn]] void run_child(ChildPlan& plan) {
  if (::setsid() < 0) give_up(plan, Step::session, errno);
  if (plan.spec->pty && ::ioctl(plan.output, TIOCSCTTY, 0) != 0) {
    give_up(plan, Step::terminal, errno);
  }
  if (::dup2(plan.input, STDIN_FILENO) < 0 || ::dup2(plan.output, STDOUT_FILENO) < 0 ||
      ::dup2(plan.error, STDERR_FILENO) < 0) {
    give_up(plan, Step::descriptors, errno);
  }
  offer_to_oom_killer();
  take_identity(plan);
  if (::chdir(plan.spec->folder.c_str()) != 0) give_up(plan, Step::folder, errno);
  reset_signals();
  ::umask(022);
  if (the_given_descriptors.rlim_max != 0) ::setrlimit(RLIMIT_NOFILE, &the_given_descriptors);
  // All of ours are closed at execve; what a library forgot to mark goes here.
  ::syscall(SYS_close_range, 3u, ~0u, 0);
  int cause = ENOENT;
  for (const std::string& candidate : plan.candidates) {
    ::execve(candidate.c_str(), plan.argv.data(), plan.environment.data());
    if (errno != ENOENT && errno != ENOTDIR) cause = errno;
  }
  give_up(plan, Step::run, cause);
}

/// Without a copy of the agent's page tables, which takes as long as the rest of a start.
/// Returns when the child has become its program, or has failed. No handler of ours may run in the
/// child: signals wait.
pid_t start_sharing_memory(ChildPlan& plan) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::vfork();
  if (pid == 0) run_child(plan);
  const int cause = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = cause;
  return pid;
}

std::vector<std::string> candidates_of(const ChildSpec& spec) {
  if (spec.command.find('/') != std::string::npos) return {spec.command};
  std::vector<std::string> candidates;
  for (const std::string_view folder : split(spec.search_path, ':')) {
    candidates.push_back(join_path(folder.empty() ? "." : folder, spec.command));
  }
  return candidates;
}

tl::unexpected<RpcError> describe(const ChildSpec& spec, const Failure& failure) {
  const std::string reason = ::strerror(failure.cause);
  switch (failure.step) {
    case Step::folder:
      if (failure.cause == ENOENT) {
        return rpc_error(RpcCode::invalid_argument, "cwd '" + spec.folder + "' does not exist");
      }
      return rpc_error(RpcCode::invalid_argument, "cwd '" + spec.folder + "': " + reason);
    case Step::identity:
      return rpc_error(RpcCode::permission_denied, "become the command's user: " + reason);
    case Step::run:
      return rpc_error(RpcCode::invalid_argument, "run '" + spec.command + "': " + reason);
    case Step::session:
    case Step::terminal:
    case Step::descriptors:
      break;
  }
  return rpc_error(RpcCode::internal, "prepare '" + spec.command + "': " + reason);
}

tl::unexpected<RpcError> short_of(const char* what) {
  return rpc_error(RpcCode::resource_exhausted, std::string(what) + ": " + ::strerror(errno));
}

struct Pipe {
  Fd read;
  Fd write;
};

RpcResult<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return short_of("make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

void make_non_blocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/// The child's three descriptors and our ends of them.
struct Wiring {
  Fd child_input;
  Fd child_output;
  Fd child_error;
  StartedChild ours;
};

RpcResult<Wiring> open_terminal(const ChildSpec& spec) {
  Wiring wiring;
  Fd master(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master) return short_of("open a terminal (/dev/ptmx)");
  int locked = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &locked) != 0) return short_of("unlock the terminal");
  wiring.child_output = Fd(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!wiring.child_output) return short_of("open the terminal's other end");
  if (spec.identity.uid) {
    // Programs such as sudo and mesg want their terminal to be their user's.
    ::fchown(wiring.child_output.get(), *spec.identity.uid, spec.identity.gid) == 0 &&
        ::fchmod(wiring.child_output.get(), 0620) == 0;
  }
  resize_terminal(master.get(), *spec.pty);
  make_non_blocking(master.get());
  wiring.ours.output = std::move(master);
  return wiring;
}

RpcResult<Wiring> open_pipes(const ChildSpec& spec) {
  Wiring wiring;
  auto output = make_pipe();
  if (!output) return tl::unexpected<RpcError>(std::move(output.error()));
  auto error = make_pipe();
  if (!error) return tl::unexpected<RpcError>(std::move(error.error()));
  if (spec.stdin_open) {
    auto input = make_pipe();
    if (!input) return tl::unexpected<RpcError>(std::move(input.error()));
    wiring.child_input = std::move(input->read);
    wiring.ours.input = std::move(input->write);
    make_non_blocking(wiring.ours.input.get());
  } else {
    wiring.child_input = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!wiring.child_input) return short_of("open /dev/null");
  }
  wiring.child_output = std::move(output->write);
  wiring.child_error = std::move(error->write);
  wiring.ours.output = std::move(output->read);
  wiring.ours.error = std::move(error->read);
  make_non_blocking(wiring.ours.output.get());
  make_non_blocking(wiring.ours.error.get());
  return wiring;
}

}  // namespace

void raise_own_descriptor_limit() {
  if (::getrlimit(RLIMIT_NOFILE, &the_given_descriptors) != 0) return;
  const rlimit all{the_given_descriptors.rlim_max, the_given_descriptors.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &all);
}

void resize_terminal(int fd, const PtySize& size) {
  winsize wanted{};
  ::ioctl(fd, TIOCGWINSZ, &wanted);
  if (size.columns != 0) wanted.ws_col = size.columns;
  if (size.rows != 0) wanted.ws_row = size.rows;
  ::ioctl(fd, TIOCSWINSZ, &wanted);
}

RpcResult<StartedChild> start_child(const ChildSpec& spec) {
  auto opened = spec.pty ? open_terminal(spec) : open_pipes(spec);
  if (!opened) return tl::unexpected<RpcError>(std::move(opened.error()));
  Wiring wiring = std::move(*opened);
  ChildPlan plan;
  plan.candidates = candidates_of(spec);
  plan.spec = &spec;
  plan.argv.push_back(const_cast<char*>(spec.command.c_str()));
  for (const std::string& text : spec.arguments) {
    plan.argv.push_back(const_cast<char*>(text.c_str()));
  }
  plan.argv.push_back(nullptr);
  for (const std::string& text : spec.environment) {
    plan.environment.push_back(const_cast<char*>(text.c_str()));
  }
  plan.environment.push_back(nullptr);
  plan.output = wiring.child_output.get();
  plan.input = spec.pty ? plan.output : wiring.child_input.get();
  plan.error = spec.pty ? plan.output : wiring.child_error.get();
  const pid_t pid = start_sharing_memory(plan);
  if (pid < 0) return short_of("start a process");
  if (plan.failure.cause != 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return describe(spec, plan.failure);
  }
  wiring.ours.pid = pid;
  return std::move(wiring.ours);
}

}  // namespace genesis::envd
