#include "genesis/events/event_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "genesis/base/failpoint.h"
#include "genesis/base/log.h"

namespace genesis::events {
namespace {

constexpr std::size_t kLongestLine = 1u << 20;

/// Reads from `offset` to the end; calls `visit` for whole lines and returns what is left behind
/// the last of them. `next` becomes where that begins.
Result<std::string> scan(int fd, const std::filesystem::path& file, std::int64_t offset,
                         const std::function<void(std::string_view)>& visit, std::int64_t& next) {
  std::string rest;
  bool too_long = false;
  std::array<char, 1 << 16> buffer;
  next = offset;
  for (;;) {
    const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read", file.string(), errno);
    if (got == 0) return rest;
    std::string_view part(buffer.data(), static_cast<std::size_t>(got));
    offset += got;
    for (auto end = part.find('\n'); end != part.npos; end = part.find('\n')) {
      rest.append(part.substr(0, end));
      if (!rest.empty() && !too_long) visit(rest);
      rest.clear();
      too_long = false;
      part.remove_prefix(end + 1);
      next = offset - static_cast<std::int64_t>(part.size());
    }
    rest.append(part);
    if (rest.size() > kLongestLine) {
      rest.clear();
      too_long = true;
    }
  }
}

}  // namespace

Result<EventLog> EventLog::open(std::filesystem::path file,
                                const std::function<void(std::string_view)>& visit) {
  Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) return errno_error("open", file.string(), errno);
  std::int64_t next = 0;
  GENESIS_TRY_ASSIGN(const std::string torn, scan(fd.get(), file, 0, visit, next));
  struct stat now {};
  if (::fstat(fd.get(), &now) == 0 && now.st_size > next) {
    if (nlohmann::json::accept(torn)) {
      visit(torn);
      if (::write(fd.get(), "\n", 1) != 1) return errno_error("complete", file.string(), errno);
    } else if (::ftruncate(fd.get(), next) != 0) {
      return errno_error("take a torn line from", file.string(), errno);
    }
  }
  return EventLog(std::move(file), std::move(fd));
}

bool EventLog::write_line(const std::string& line) {
  struct stat before {};
  if (::fstat(fd_.get(), &before) != 0) return false;
  failpoint("events.append.before");
  ssize_t written = 0;
  do {
    written = ::write(fd_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  failpoint("events.append.after");
  if (written == static_cast<ssize_t>(line.size())) return true;
  const int cause = written < 0 ? errno : ENOSPC;
  if (written > 0 && ::ftruncate(fd_.get(), before.st_size) != 0) {
    log::warning("cannot take a half written line from '{}'", file_.string());
  }
  if (!std::exchange(said_, true)) {
    log::warning("cannot write to '{}': {}; its lines wait", file_.string(), std::strerror(cause));
  }
  return false;
}

void EventLog::append(std::string line) {
  line += '\n';
  retry();
  if (waiting_.empty() && write_line(line)) return;
  waiting_.push_back(std::move(line));
  if (waiting_.size() > kMostWaiting) waiting_.pop_front();
}

void EventLog::retry() {
  while (!waiting_.empty()) {
    if (!write_line(waiting_.front())) return;
    waiting_.pop_front();
    said_ = false;
  }
}

Result<std::int64_t> read_lines(const std::filesystem::path& file, std::int64_t offset,
                                const std::function<void(std::string_view)>& visit) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) {
    return make_error(ErrorKind::not_found,
                      fmt::format("there is no '{}': the run was made by an older version, or has "
                                  "not begun",
                                  file.string()));
  }
  if (!fd) return errno_error("open", file.string(), errno);
  std::int64_t next = offset;
  GENESIS_TRY(scan(fd.get(), file, offset, visit, next));
  return next;
}

}  // namespace genesis::events
