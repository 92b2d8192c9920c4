#include "genesis/evolve/syntax/persistent_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace genesis::evolve {
namespace {

constexpr std::uint32_t kLongestMessage = 4096;

/// What version managers and shared libraries need; a reader runs nobody's code and needs no more.
std::vector<std::string> reader_environment() {
  std::vector<std::string> environment{"LC_ALL=C.UTF-8"};
  for (const char* name : {"PATH", "HOME", "LD_LIBRARY_PATH", "PYENV_ROOT", "PYENV_VERSION"}) {
    if (const char* value = std::getenv(name)) {
      environment.push_back(std::string(name) + "=" + value);
    }
  }
  return environment;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> made;
  for (std::string& each : strings) made.push_back(each.data());
  made.push_back(nullptr);
  return made;
}

/// posix_spawn's attributes and actions, destroyed with it.
class SpawnSetup {
 public:
  explicit SpawnSetup(int standard_input) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    // A session of its own: Ctrl-C in the terminal is for the runner, which drains and still
    // checks.
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawn_file_actions_adddup2(&actions_, standard_input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  int spawn(pid_t& pid, std::vector<std::string> command) {
    std::vector<std::string> environment = reader_environment();
    std::vector<char*> argv = pointers(command);
    std::vector<char*> envp = pointers(environment);
    return posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv.data(), envp.data());
  }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

}  // namespace

PersistentReader::PersistentReader(std::vector<std::string> command,
                                   std::chrono::milliseconds deadline)
    : command_(std::move(command)), deadline_(deadline) {}

PersistentReader::~PersistentReader() {
  end();
}

pid_t PersistentReader::pid() {
  const std::lock_guard lock(mutex_);
  return pid_;
}

Status PersistentReader::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return errno_error("make a socket for the syntax checker", command_[0], errno);
  }
  Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  SpawnSetup setup(theirs.get());
  if (const int failure = setup.spawn(pid_, command_); failure != 0) {
    pid_ = -1;
    return make_error(ErrorKind::unavailable, "start the syntax checker '" + command_[0] +
                                                  "': " + std::strerror(failure) +
                                                  "; install it or name another interpreter");
  }
  socket_ = std::move(ours);
  return {};
}

void PersistentReader::end() {
  socket_.reset();
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

bool PersistentReader::await(short events, TimePoint deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd entry{socket_.get(), events, 0};
    const int ready =
        poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool PersistentReader::send_all(std::string_view bytes, TimePoint deadline) {
  while (!bytes.empty()) {
    const ssize_t sent =
        send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!await(POLLOUT, deadline)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool PersistentReader::receive_all(char* bytes, std::size_t size, TimePoint deadline) {
  while (size > 0) {
    if (!await(POLLIN, deadline)) return false;
    const ssize_t got = recv(socket_.get(), bytes, size, MSG_DONTWAIT);
    if (got > 0) {
      bytes += got;
      size -= static_cast<std::size_t>(got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      return false;
    }
  }
  return true;
}

/// Empty when the reader failed, which is not the same as a verdict.
std::optional<std::optional<PersistentReader::Verdict>> PersistentReader::ask(std::string_view text,
                                                                              TimePoint deadline) {
  const auto length = static_cast<std::uint32_t>(text.size());
  std::string request(sizeof length, '\0');
  std::memcpy(request.data(), &length, sizeof length);
  request += text;
  if (!send_all(request, deadline)) return std::nullopt;
  std::array<std::uint32_t, 2> head{};
  std::array<char, sizeof head> bytes{};
  if (!receive_all(bytes.data(), bytes.size(), deadline)) return std::nullopt;
  std::memcpy(head.data(), bytes.data(), bytes.size());
  if (head[1] > kLongestMessage) return std::nullopt;
  Verdict verdict{head[0], std::string(head[1], '\0')};
  if (!receive_all(verdict.message.data(), head[1], deadline)) return std::nullopt;
  if (verdict.message.empty()) return std::optional<Verdict>();
  return std::optional<Verdict>(std::move(verdict));
}

Result<std::optional<PersistentReader::Verdict>> PersistentReader::read(std::string_view text) {
  const std::lock_guard lock(mutex_);
  // Twice: a process that died since the last text is not this text's fault.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (pid_ < 0) GENESIS_TRY(start());
    const TimePoint deadline = std::chrono::steady_clock::now() + deadline_;
    if (auto answer = ask(text, deadline)) return std::move(*answer);
    const bool late = std::chrono::steady_clock::now() >= deadline;
    end();
    if (late) {
      return Verdict{0, "not read within " + std::to_string(deadline_.count()) + " ms"};
    }
  }
  // A new process died on it at once. Does it die on everything?
  GENESIS_TRY(start());
  const bool works = ask("", std::chrono::steady_clock::now() + deadline_).has_value();
  if (works) return Verdict{0, "its reader crashed on it"};
  end();
  return make_error(
      ErrorKind::unavailable,
      "syntax check: '" + command_[0] + "' starts but does not answer; name another interpreter");
}

}  // namespace genesis::evolve
