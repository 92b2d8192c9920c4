#include "launch/sandbox_server/spawner/namespace_spawner.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/readiness.h"
#include "genesis/process/proc_fs.h"
#include "genesis/process/spawn.h"
#include "launch/sandbox_server/envd/on_workers.h"
#include "launch/sandbox_server/spawner/agent_settings.h"
#include "launch/sandbox_server/spawner/listeners.h"
#include "launch/sandbox_server/spawner/remove_folder.h"

namespace genesis::sandbox_server {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

constexpr auto kQuietly = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kReportDeadline{20};
constexpr std::chrono::seconds kEndDeadline{30};
constexpr int kBacklog = 512;
constexpr int kListenFd = 3;
constexpr int kSettingsFd = 4;
constexpr int kReportFd = 5;
constexpr std::uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr uid_t kInsideUser = 1000;

Result<Fd> file_in_memory(const char* name, std::string_view content, unsigned seals) {
  Fd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return errno_error("make a file in memory for", name, errno);
  for (std::string_view rest = content; !rest.empty();) {
    const ssize_t wrote = ::write(file.get(), rest.data(), rest.size());
    if (wrote < 0) return errno_error("fill the file in memory for", name, errno);
    rest.remove_prefix(static_cast<std::size_t>(wrote));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  if (seals != 0 && ::fcntl(file.get(), F_ADD_SEALS, seals) != 0) {
    return errno_error("seal the file in memory for", name, errno);
  }
  return file;
}

/// Where overlayfs's options would end at a character of the path, it cannot be said.
Status check_path(const fs::path& folder) {
  const std::string text = folder.string();
  if (text.find_first_of(",:\\\"") != std::string::npos) {
    return make_error(ErrorKind::invalid_argument,
                      "the state folder '" + text +
                          "' has a comma, colon, quote or backslash in its path, which overlayfs "
                          "cannot be told; choose another --state-dir");
  }
  if ((folder / "envd.sock").string().size() >= sizeof(sockaddr_un::sun_path)) {
    return make_error(ErrorKind::invalid_argument,
                      "the path '" + text +
                          "' is too long for a socket in it (107 bytes in all); choose a shorter "
                          "--state-dir");
  }
  return {};
}

Result<Fd> listen_at(const fs::path& path) {
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return errno_error("make a socket for", path.string(), errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  // The folder above lets nobody else in; the mode says it once more.
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(listener.get(), kBacklog) != 0) {
    return errno_error("listen at", path.string(), errno);
  }
  return listener;
}

Fd open_pidfd(pid_t pid) {
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

void kill_by(const Fd& pidfd) {
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

bool has_ended(const Fd& pidfd) {
  return is_readable(pidfd.get());
}

/// Readable within the time? The descriptor stays the caller's.
asio::awaitable<bool> wait_readable(asio::io_context& io, int fd,
                                    std::chrono::milliseconds within) {
  asio::posix::stream_descriptor watched(io, ::dup(fd));
  asio::steady_timer timer(io, within);
  bool timed_out = false;
  timer.async_wait([&watched, &timed_out](const boost::system::error_code& failure) {
    if (failure) return;
    timed_out = true;
    watched.cancel();
  });
  bool readable = false;
  while (!readable && !timed_out) {
    const auto [failure] =
        co_await watched.async_wait(asio::posix::stream_descriptor::wait_read, kQuietly);
    if (failure) break;
    readable = is_readable(fd);
  }
  if (timer.cancel() == 0 && !timed_out) {
    // The timer's handler is on its way and looks at our locals: let it pass first.
    co_await asio::post(io, asio::use_awaitable);
  }
  co_return readable;
}

/// How it ended, where it is a child of this server.
void reap(const LiveSandbox& sandbox, SandboxEnd& end) {
  siginfo_t info{};
  const auto which = static_cast<id_t>(sandbox.pidfd.get());
  if (::waitid(static_cast<idtype_t>(P_PIDFD), which, &info, WEXITED | WNOHANG) != 0) return;
  if (info.si_pid == 0) return;
  if (info.si_code == CLD_EXITED) end.exit_code = info.si_status;
  if (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) end.signal = info.si_status;
}

Status write_map(pid_t pid, const char* name, const std::string& text) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) < 0) {
    return errno_error("write", path, errno);
  }
  return {};
}

}  // namespace

/// A sandbox that has been cloned and does not live yet.
struct NamespaceSpawner::Half {
  LiveSandbox sandbox;
  Fd report;
};

NamespaceSpawner::NamespaceSpawner(asio::io_context& io, Privilege privilege, Userland userland,
                                   Fd agent)
    : io_(io),
      privilege_(privilege),
      userland_(std::move(userland)),
      agent_(std::move(agent)),
      groups_(process::find_cgroups(true)) {}

Result<std::unique_ptr<NamespaceSpawner>> NamespaceSpawner::open(asio::io_context& io,
                                                                 const fs::path& agent) {
  const Privilege privilege = ::geteuid() == 0 ? Privilege::root : Privilege::one_user;
  GENESIS_TRY_ASSIGN(const std::string program, read_file(agent, 256u << 20));
  GENESIS_TRY_ASSIGN(Fd copy,
                     file_in_memory("genesis-envd", program,
                                    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
  GENESIS_TRY_ASSIGN(Userland userland, Userland::look(privilege));
  return std::unique_ptr<NamespaceSpawner>(
      new NamespaceSpawner(io, privilege, std::move(userland), std::move(copy)));
}

Result<fs::path> NamespaceSpawner::find_agent() {
  std::error_code failure;
  const fs::path self = fs::read_symlink("/proc/self/exe", failure);
  const fs::path agent = self.parent_path() / "genesis-envd";
  if (!failure && ::access(agent.c_str(), X_OK) == 0) return agent;
  return make_error(ErrorKind::not_found, "the agent '" + agent.string() +
                                              "' is missing; it is installed beside genesis");
}

Result<NamespaceSpawner::Half> NamespaceSpawner::begin(const SandboxSpec& spec) {
  GENESIS_TRY(check_path(spec.folder));
  GENESIS_TRY(make_directories(spec.folder));
  if (::chmod(spec.folder.c_str(), 0700) != 0) {
    return errno_error("close to others", spec.folder.string(), errno);
  }
  GENESIS_TRY(userland_.fill(spec.folder));
  failpoint("sandbox.filled");
  Half half;
  half.sandbox.id = spec.id;
  half.sandbox.folder = spec.folder;
  half.sandbox.socket = spec.folder / "envd.sock";
  GENESIS_TRY_ASSIGN(const Fd listener, listen_at(half.sandbox.socket));
  GENESIS_TRY_ASSIGN(const SandboxGroups::Entry groups, groups_.make(spec.id, spec.limits));
  half.sandbox.cgroups = groups.folders;
  half.sandbox.limits = groups.enforced;
  failpoint("sandbox.groups");

  envd::SandboxPlan plan = userland_.plan(spec.folder, spec.id);
  plan.report_fd = kReportFd;
  const std::string settings = agent_settings(spec, groups.enforced, plan, kListenFd);
  GENESIS_TRY_ASSIGN(const Fd settings_fd, file_in_memory("settings", settings, 0));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return errno_error("make a pair of sockets for", spec.id, errno);
  }
  half.report = Fd(ends[0]);
  const Fd theirs(ends[1]);

  process::SpawnSpec child;
  child.executable = "genesis-envd";
  child.argv = {"genesis-envd", "--sandboxed-settings", std::to_string(kSettingsFd)};
  child.working_directory = "/";
  child.inherited_fd = listener.get();
  child.more_fds = {settings_fd.get(), theirs.get()};
  child.program_fd = agent_.get();
  child.namespaces = kNamespaces;
  if (privilege_ == Privilege::one_user) child.namespaces |= CLONE_NEWUSER;
  if (groups.unified) child.cgroup_fd = groups.unified.get();
  for (const Fd& file : groups.join) child.join_fds.push_back(file.get());
  const bool unlimited = !groups.enforced.processes && privilege_ == Privilege::one_user;
  if (unlimited && spec.limits.processes) {
    child.limits.push_back({RLIMIT_NPROC, *spec.limits.processes, *spec.limits.processes});
    half.sandbox.limits.processes = spec.limits.processes;
  }
  GENESIS_TRY_ASSIGN(process::Child started, process::spawn(child));
  half.sandbox.pid = started.pid;
  half.sandbox.pidfd = std::move(started.pidfd);
  half.sandbox.start_ticks = started.start_ticks;
  failpoint("sandbox.cloned");
  return half;
}

Status NamespaceSpawner::let_in(const Half& half) const {
  if (privilege_ == Privilege::one_user) {
    const std::string inside = std::to_string(kInsideUser) + " ";
    GENESIS_TRY(write_map(half.sandbox.pid, "setgroups", "deny"));
    GENESIS_TRY(
        write_map(half.sandbox.pid, "uid_map", inside + std::to_string(::geteuid()) + " 1"));
    GENESIS_TRY(
        write_map(half.sandbox.pid, "gid_map", inside + std::to_string(::getegid()) + " 1"));
  }
  if (::send(half.report.get(), "g", 1, MSG_NOSIGNAL) != 1) {
    return errno_error("start the agent of sandbox", half.sandbox.id, errno);
  }
  return {};
}

asio::awaitable<Status> NamespaceSpawner::wait_for_report(Half& half) {
  const bool told = co_await wait_readable(io_, half.report.get(), kReportDeadline);
  if (!told) {
    co_return make_error(ErrorKind::timeout,
                         "the agent of sandbox '" + half.sandbox.id + "' said nothing for 20 s");
  }
  std::string report(4096, '\0');
  const ssize_t got = ::recv(half.report.get(), report.data(), report.size(), MSG_DONTWAIT);
  const int why = got < 0 ? errno : 0;
  report.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  if (report == "ok") co_return Status();
  if (got < 0) co_return errno_error("read what its first process says of", half.sandbox.id, why);
  if (report.empty()) report = "its first process ended at once";
  co_return make_error(ErrorKind::unsupported,
                       "make the sandbox '" + half.sandbox.id + "': " + report +
                           "; `genesis doctor sandboxd` says what this machine lacks");
}

asio::awaitable<Result<LiveSandbox>> NamespaceSpawner::start(const SandboxSpec& spec) {
  // A cancellation ends the wait, and what was begun is taken back all the same.
  co_await asio::this_coro::throw_if_cancelled(false);
  auto begun = begin(spec);
  Status status = begun ? let_in(*begun) : tl::unexpected<Error>(begun.error());
  if (begun && status) status = co_await wait_for_report(*begun);
  if (status) co_return std::move(begun->sandbox);
  LiveSandbox half;
  if (begun) half = std::move(begun->sandbox);
  half.id = spec.id;
  half.folder = spec.folder;
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  const SandboxEnd ended = co_await end(half);
  std::string& message = status.error().message;
  if (ended.exit_code) message += "; it ended with exit code " + std::to_string(*ended.exit_code);
  if (ended.signal) message += "; it was ended by signal " + std::to_string(*ended.signal);
  co_return tl::unexpected<Error>(std::move(status.error()));
}

Result<LiveSandbox> NamespaceSpawner::adopt(const SandboxSpec& spec, pid_t pid,
                                            std::uint64_t start_ticks) {
  LiveSandbox sandbox;
  sandbox.pidfd = open_pidfd(pid);
  const auto stat = process::read_stat(pid);
  // The descriptor first, then the look: what it names is what was looked at, or has ended.
  const bool same = sandbox.pidfd && stat && !stat->is_zombie() &&
                    stat->id.start_ticks == start_ticks && !has_ended(sandbox.pidfd);
  if (!same) {
    return make_error(ErrorKind::not_found,
                      "the sandbox '" + spec.id + "' has ended while no server was there");
  }
  sandbox.id = spec.id;
  sandbox.folder = spec.folder;
  sandbox.socket = spec.folder / "envd.sock";
  sandbox.pid = pid;
  sandbox.start_ticks = start_ticks;
  std::error_code ignored;
  for (const fs::path& folder : groups_.folders_of(spec.id)) {
    if (fs::exists(folder, ignored)) sandbox.cgroups.push_back(folder);
  }
  if (groups_.support().limits_memory()) sandbox.limits.memory_bytes = spec.limits.memory_bytes;
  if (groups_.support().limits_processes()) sandbox.limits.processes = spec.limits.processes;
  if (groups_.limits_cpus()) sandbox.limits.cpus = spec.limits.cpus;
  return sandbox;
}

asio::awaitable<std::string> NamespaceSpawner::clear(std::string id, fs::path folder) {
  const auto work = [this, id, folder]() -> std::string {
    std::string left;
    const std::string groups = groups_.remove(id);
    if (!groups.empty()) left = "control groups:" + groups;
    const Status removed = remove_folder(folder);
    if (!removed) left += (left.empty() ? "" : "; ") + removed.error().message;
    return left;
  };
  std::string left = co_await envd::on_workers(removers_, work);
  co_return left;
}

asio::awaitable<SandboxEnd> NamespaceSpawner::end(LiveSandbox& sandbox) {
  SandboxEnd result;
  if (sandbox.pidfd) {
    result.out_of_memory = groups_.killed_for_memory(sandbox.id);
    failpoint("sandbox.ending");
    kill_by(sandbox.pidfd);
    // Where a whole group is frozen the signal waits.
    if (!sandbox.cgroups.empty()) static_cast<void>(groups_.freeze(sandbox.id, false));
    const bool gone = co_await wait_readable(io_, sandbox.pidfd.get(), kEndDeadline);
    if (gone) {
      reap(sandbox, result);
    } else {
      result.left_behind =
          "process " + std::to_string(sandbox.pid) + " did not end within 30 s of SIGKILL; ";
    }
    sandbox.pidfd.reset();
    failpoint("sandbox.ended");
  }
  std::string id = sandbox.id;
  fs::path folder = sandbox.folder;
  const std::string left = co_await clear(std::move(id), std::move(folder));
  result.left_behind += left;
  failpoint("sandbox.removed");
  co_return result;
}

asio::awaitable<SandboxEnd> NamespaceSpawner::sweep(const SandboxSpec& spec) {
  // A half-made one's processes are in its groups, if it has any; without groups they are found by
  // the mounts that they have.
  const std::string upper = "upperdir=" + (spec.folder / "upper").string() + "/";
  for (const pid_t pid : process::all_processes()) {
    if (pid == ::getpid()) continue;
    const Fd pidfd = open_pidfd(pid);
    std::error_code failure;
    const std::string mounts =
        read_file("/proc/" + std::to_string(pid) + "/mountinfo", 4u << 20).value_or("");
    const bool inside = mounts.find(upper) != std::string::npos;
    if (!inside || !pidfd) continue;
    kill_by(pidfd);
    static_cast<void>(co_await wait_readable(io_, pidfd.get(), kEndDeadline));
  }
  LiveSandbox dead;
  dead.id = spec.id;
  dead.folder = spec.folder;
  SandboxEnd result = co_await end(dead);
  co_return result;
}

Status NamespaceSpawner::freeze(LiveSandbox& sandbox) {
  return groups_.freeze(sandbox.id, true);
}

Status NamespaceSpawner::thaw(LiveSandbox& sandbox) {
  return groups_.freeze(sandbox.id, false);
}

std::vector<pid_t> NamespaceSpawner::processes_of(const LiveSandbox& sandbox) const {
  if (auto members = groups_.processes(sandbox.id)) return std::move(*members);
  std::vector<pid_t> found;
  // All of them descend from the first: what loses its parent becomes its child.
  process::ProcessId root;
  root.pid = sandbox.pid;
  root.start_ticks = sandbox.start_ticks;
  for (const process::ProcessId& one : process::with_descendants({root})) {
    found.push_back(one.pid);
  }
  return found;
}

SandboxUsage NamespaceSpawner::usage(const LiveSandbox& sandbox) {
  SandboxUsage usage = groups_.usage(sandbox.id);
  if (!usage.processes) usage.processes = processes_of(sandbox).size();
  return usage;
}

bool NamespaceSpawner::ran_out_of_memory(const LiveSandbox& sandbox) {
  return groups_.killed_for_memory(sandbox.id);
}

bool NamespaceSpawner::owns_listener(const LiveSandbox& sandbox, std::uint16_t port) {
  return has_listener(processes_of(sandbox), port);
}

std::vector<std::string> NamespaceSpawner::warnings() const {
  std::vector<std::string> lines = {
      "network: sandboxes share this machine's, its loopback and its ports included",
      "system calls: not filtered; the kernel is shared",
      "disk: no limit for one sandbox; they share the state folder's file system"};
  if (!groups_.support().limits_memory()) {
    lines.push_back("memory: not limited (" + groups_.support().reason + ")");
  }
  if (!groups_.limits_cpus()) lines.push_back("processors: not limited (no cpu controller)");
  if (!groups_.support().limits_processes()) {
    lines.push_back("processes: " + std::string(privilege_ == Privilege::root
                                                    ? "not limited"
                                                    : "limited for all of this user together"));
  }
  if (!groups_.support().any()) {
    lines.push_back("pause: not possible (" + groups_.support().reason + ")");
  }
  if (privilege_ == Privilege::one_user) {
    lines.push_back(
        "users: started by an ordinary user, a sandbox has one identity: root, sudo and apt do not "
        "work in it, all commands and files are the user 'user'");
  } else {
    lines.push_back(
        "root: root in a sandbox is the machine's, without the capabilities that would let it out");
  }
  return lines;
}

}  // namespace genesis::sandbox_server
