#include "genesis/process/proc_fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <memory>
#include <set>

#include "genesis/base/fd.h"
#include "genesis/base/text.h"

namespace genesis::process {

namespace {

constexpr std::size_t kMaxProcFile = 4u << 20;

/// Files of /proc have no size; they are read to their end.
std::string read_proc(const char* path) {
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  std::string content;
  if (!fd) return content;
  std::array<char, 4096> buffer;
  while (content.size() < kMaxProcFile) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return content;
}

template <typename T>
bool parse_number(std::string_view text, T& out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

std::vector<pid_t> parse_pids(std::string_view text) {
  std::vector<pid_t> pids;
  for (const std::string_view word : split(text, ' ')) {
    pid_t pid = 0;
    if (parse_number(trim(word), pid)) pids.push_back(pid);
  }
  return pids;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

/// The entries of a folder whose names are numbers.
std::vector<pid_t> numeric_entries(const char* path) {
  std::vector<pid_t> numbers;
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path));
  if (!directory) return numbers;
  while (const dirent* entry = ::readdir(directory.get())) {
    pid_t number = 0;
    if (parse_number(std::string_view(entry->d_name), number)) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

std::optional<ProcessStat> read_stat(pid_t pid) {
  const std::string text = read_proc(fmt::format("/proc/{}/stat", pid).c_str());
  // The name, in parentheses, may itself hold spaces and parentheses.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return std::nullopt;
  const std::vector<std::string_view> fields =
      split(std::string_view(text).substr(name_end + 2), ' ');
  ProcessStat stat;
  stat.id.pid = pid;
  constexpr std::size_t kStartField = 19;  // Field 22 of proc(5); fields[0] is field 3.
  if (fields.size() <= kStartField || fields[0].empty()) return std::nullopt;
  stat.state = fields[0][0];
  if (!parse_number(fields[1], stat.parent) || !parse_number(fields[2], stat.group) ||
      !parse_number(fields[3], stat.session) ||
      !parse_number(fields[kStartField], stat.id.start_ticks)) {
    return std::nullopt;
  }
  return stat;
}

std::string read_environment(pid_t pid) {
  return read_proc(fmt::format("/proc/{}/environ", pid).c_str());
}

std::optional<std::string> environment_value(std::string_view environment, std::string_view name) {
  for (const std::string_view entry : split(environment, '\0')) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return std::string(entry.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

std::vector<pid_t> all_processes() {
  return numeric_entries("/proc");
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  for (const pid_t task : numeric_entries(tasks.c_str())) {
    const std::string text = read_proc(fmt::format("{}/{}/children", tasks, task).c_str());
    for (const pid_t child : parse_pids(text)) children.push_back(child);
  }
  return children;
}

std::vector<pid_t> children_of_first_thread() {
  static const std::string path = fmt::format("/proc/self/task/{}/children", ::getpid());
  return parse_pids(read_proc(path.c_str()));
}

std::vector<ProcessId> with_descendants(const std::vector<ProcessId>& roots) {
  std::vector<ProcessId> found;
  std::set<pid_t> seen;
  std::vector<pid_t> open;
  for (const ProcessId& root : roots) {
    const auto stat = read_stat(root.pid);
    if (!stat || stat->id != root || !seen.insert(root.pid).second) continue;
    if (!stat->is_zombie()) found.push_back(root);
    open.push_back(root.pid);
  }
  while (!open.empty()) {
    const pid_t parent = open.back();
    open.pop_back();
    for (const pid_t child : children_of(parent)) {
      const auto stat = read_stat(child);
      if (!stat || !seen.insert(child).second) continue;
      if (!stat->is_zombie()) found.push_back(stat->id);
      open.push_back(child);
    }
  }
  return found;
}

bool signal_process(const ProcessId& id, int signal) {
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, id.pid, 0)));
  if (!pidfd) return false;
  // The handle holds on to a process; the start time tells whether it is the one meant.
  const auto stat = read_stat(id.pid);
  if (!stat || stat->id != id) return false;
  return ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0;
}

std::uint64_t start_ticks_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const std::uint64_t nanos_per_tick = 1'000'000'000 / per_second;
  return static_cast<std::uint64_t>(now.tv_sec) * per_second +
         static_cast<std::uint64_t>(now.tv_nsec) / nanos_per_tick;
}

std::string boot_id() {
  return std::string(trim(read_proc("/proc/sys/kernel/random/boot_id")));
}

}  // namespace genesis::process
