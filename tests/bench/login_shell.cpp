#include "tests/bench/login_shell.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "genesis/base/fd.h"

namespace genesis::bench {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

uid_t unused_user() {
  uid_t user = 1000;
  while (::getpwuid(user) != nullptr) ++user;
  return user;
}

void wait_for(pid_t pid, const std::string& command) {
  int status = -1;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) throw std::runtime_error("the bare login shell failed at: " + command);
}

/// The child between vfork and execve: system calls only. posix_spawn cannot change the user.
[[noreturn]] void become_shell(uid_t user, const char* home, int output, char* const* argv,
                               char* const* environment) {
  ::setsid();
  ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 ||
                           ::setresuid(user, user, user) != 0)) {
    ::_exit(126);
  }
  if (::chdir(home) != 0) ::_exit(126);
  ::execve(argv[0], argv, environment);
  ::_exit(127);
}

}  // namespace

BareShell::BareShell(const std::string& home)
    : home_(home), user_(::geteuid() == 0 ? unused_user() : ::geteuid()) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directory(home_, error);
  if (!error && fs::exists("/etc/skel")) {
    fs::copy("/etc/skel", home_, fs::copy_options::recursive, error);
  }
  if (error) throw std::runtime_error("make " + home_ + ": " + error.message());
  if (::geteuid() == 0 && ::chown(home_.c_str(), user_, user_) != 0) {
    throw std::runtime_error("give " + home_ + " to its user");
  }
}

pid_t BareShell::start(const std::string& command, int output) const {
  const std::string home = "HOME=" + home_;
  const char* argv[] = {"/bin/bash", "-l", "-c", command.c_str(), nullptr};
  const char* environment[] = {home.c_str(), "LOGNAME=user",
                               "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                               "USER=user", nullptr};
  const pid_t pid = ::vfork();
  if (pid == 0) {
    become_shell(user_, home_.c_str(), output, const_cast<char* const*>(argv),
                 const_cast<char* const*>(environment));
  }
  if (pid < 0) throw std::runtime_error("start the bare login shell");
  return pid;
}

double BareShell::run_to_end(const std::string& command) const {
  const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const auto since = Clock::now();
  wait_for(start(command, null.get()), command);
  return seconds_since(since);
}

double BareShell::first_output(const std::string& command, const std::string& expected) const {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("make a pipe");
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const auto since = Clock::now();
  const pid_t pid = start(command, write_end.get());
  write_end.reset();
  std::array<char, 256> piece;
  const ssize_t count = ::read(read_end.get(), piece.data(), piece.size());
  const double taken = seconds_since(since);
  wait_for(pid, command);
  if (count < 0 || std::string(piece.data(), static_cast<std::size_t>(count)) != expected) {
    throw std::runtime_error("the bare login shell said something else at: " + command);
  }
  return taken;
}

}  // namespace genesis::bench
