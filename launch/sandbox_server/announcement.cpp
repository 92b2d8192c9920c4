#include "launch/sandbox_server/announcement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "genesis/base/files.h"

namespace genesis::sandbox_server {

Result<bool> Announcement::detach(const std::filesystem::path& state_dir) {
  GENESIS_TRY(make_directories(state_dir));
  log_ = state_dir / "sandboxd.log";
  Fd log(::open(log_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
  if (!log) return errno_error("write", log_.string(), errno);
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  int ends[2];
  if (!nothing || ::pipe2(ends, O_CLOEXEC) != 0) return errno_error("detach", "a pipe", errno);
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return errno_error("detach", "the server", errno);
  if (child > 0) {
    pipe_ = std::move(read_end);
    return true;
  }
  ::setsid();
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(nothing.get(), STDOUT_FILENO);
  ::dup2(log.get(), STDERR_FILENO);
  pipe_ = std::move(write_end);
  return false;
}

Status Announcement::wait_for_child() {
  std::string line;
  std::array<char, 4096> piece;
  while (true) {
    const ssize_t count = ::read(pipe_.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    line.append(piece.data(), static_cast<std::size_t>(count));
  }
  if (!line.empty()) {
    fmt::print("{}", line);
    std::fflush(stdout);
    return {};
  }
  const auto why = read_tail(log_, 4096);
  return make_error(
      ErrorKind::unavailable,
      fmt::format("the server in the background did not become ready; {} ends with:\n{}",
                  log_.string(), why ? *why : why.error().message));
}

void Announcement::ready(const std::string& line) {
  if (!pipe_) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
    return;
  }
  const std::string text = line + "\n";
  [[maybe_unused]] const ssize_t written = ::write(pipe_.get(), text.data(), text.size());
  pipe_.reset();
}

}  // namespace genesis::sandbox_server
