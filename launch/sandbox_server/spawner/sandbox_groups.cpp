#include "launch/sandbox_server/spawner/sandbox_groups.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "genesis/base/files.h"
#include "genesis/base/text.h"

namespace genesis::sandbox_server {

namespace {

constexpr std::string_view kPrefix = "genesis-sandbox-";
constexpr std::uint64_t kCpuPeriodUs = 100'000;
constexpr std::uint64_t kLeastQuotaUs = 1000;  // The kernel's own.

Status write_setting(const std::string& path, const std::string& value) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno_error("open", path, errno);
  if (::write(file.get(), value.data(), value.size()) < 0) {
    return errno_error("write '" + value + "' to", path, errno);
  }
  return {};
}

std::string read_setting(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  std::string text(1u << 20, '\0');
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  text = trim(text);
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::uint64_t line_value(const std::string& text, std::string_view key) {
  for (const std::string_view line : split_lines(text)) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      return number(line.substr(key.size() + 1)).value_or(0);
    }
  }
  return 0;
}

Status make_group(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return errno_error("make the cgroup", path, errno);
}

/// By thread, not by process: it is one that has a single thread yet, and moving itself that way
/// takes no lock of the whole machine, which is a wait of milliseconds.
Result<Fd> open_to_join(const std::string& folder) {
  Fd file(::open((folder + "/tasks").c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno_error("open", folder + "/tasks", errno);
  return file;
}

}  // namespace

std::string SandboxGroups::unified(const std::string& id) const {
  if (support_.unified.empty()) return {};
  return support_.unified + "/" + std::string(kPrefix) + id;
}

std::string SandboxGroups::memory(const std::string& id) const {
  if (support_.memory_v2) return unified(id);
  if (support_.memory_v1.empty()) return {};
  return support_.memory_v1 + "/" + std::string(kPrefix) + id;
}

std::string SandboxGroups::pids(const std::string& id) const {
  if (support_.pids_v2) return unified(id);
  if (support_.pids_v1.empty()) return {};
  return support_.pids_v1 + "/" + std::string(kPrefix) + id;
}

std::string SandboxGroups::cpu(const std::string& id) const {
  if (support_.cpu_v2) return unified(id);
  if (support_.cpu_v1.empty()) return {};
  return support_.cpu_v1 + "/" + std::string(kPrefix) + id;
}

Status SandboxGroups::limit_cpus(const std::string& folder, double cpus) const {
  const std::string period = std::to_string(kCpuPeriodUs);
  const auto quota_us = static_cast<std::uint64_t>(cpus * static_cast<double>(kCpuPeriodUs));
  const std::string quota = std::to_string(std::max(quota_us, kLeastQuotaUs));
  if (support_.cpu_v2) return write_setting(folder + "/cpu.max", quota + " " + period);
  GENESIS_TRY(write_setting(folder + "/cpu.cfs_period_us", period));
  return write_setting(folder + "/cpu.cfs_quota_us", quota);
}

std::vector<fs::path> SandboxGroups::folders_of(const std::string& id) const {
  std::vector<fs::path> folders;
  for (const std::string& folder : {unified(id), memory(id), pids(id), cpu(id)}) {
    const bool known = std::find(folders.begin(), folders.end(), fs::path(folder)) != folders.end();
    if (!folder.empty() && !known) folders.emplace_back(folder);
  }
  return folders;
}

Result<SandboxGroups::Entry> SandboxGroups::make(const std::string& id,
                                                 const SandboxLimits& limits) const {
  Entry entry;
  entry.folders = folders_of(id);
  if (entry.folders.empty()) return entry;
  for (const fs::path& folder : entry.folders) GENESIS_TRY(make_group(folder.string()));
  entry.unified = Fd(::open(unified(id).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!entry.unified) return errno_error("open the cgroup", unified(id), errno);
  const std::string memory_folder = memory(id);
  if (limits.memory_bytes && !memory_folder.empty()) {
    const std::string bytes = std::to_string(*limits.memory_bytes);
    if (support_.memory_v2) {
      GENESIS_TRY(write_setting(memory_folder + "/memory.max", bytes));
      static_cast<void>(write_setting(memory_folder + "/memory.swap.max", "0"));
    } else {
      GENESIS_TRY(write_setting(memory_folder + "/memory.limit_in_bytes", bytes));
    }
    entry.enforced.memory_bytes = limits.memory_bytes;
  }
  const std::string pids_folder = pids(id);
  if (limits.processes && !pids_folder.empty()) {
    GENESIS_TRY(write_setting(pids_folder + "/pids.max", std::to_string(*limits.processes)));
    entry.enforced.processes = limits.processes;
  }
  const std::string cpu_folder = cpu(id);
  if (limits.cpus && !cpu_folder.empty()) {
    GENESIS_TRY(limit_cpus(cpu_folder, *limits.cpus));
    entry.enforced.cpus = limits.cpus;
  }
  for (const fs::path& folder : entry.folders) {
    if (folder == unified(id)) continue;
    GENESIS_TRY_ASSIGN(Fd join, open_to_join(folder.string()));
    entry.join.push_back(std::move(join));
  }
  return entry;
}

std::string SandboxGroups::remove(const std::string& id) const {
  std::string left;
  for (const fs::path& folder : folders_of(id)) {
    process::kill_cgroup_tree(folder.string());
    if (!process::remove_cgroup_tree(folder.string())) left += " " + folder.string();
  }
  return left;
}

Status SandboxGroups::freeze(const std::string& id, bool frozen) const {
  const std::string folder = unified(id);
  if (folder.empty()) {
    return make_error(ErrorKind::unsupported,
                      "this machine cannot freeze processes for us: " + support_.reason);
  }
  GENESIS_TRY(write_setting(folder + "/cgroup.freeze", frozen ? "1" : "0"));
  const Fd events(::open((folder + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
  constexpr int kTries = 200;
  constexpr int kMillisPerTry = 10;
  for (int i = 0; events && i < kTries; ++i) {
    if (line_value(read_setting(folder + "/cgroup.events"), "frozen") == (frozen ? 1u : 0u)) {
      return {};
    }
    // The kernel tells of a change; the timeout is for one that came in between.
    pollfd changed{events.get(), POLLPRI, 0};
    char byte = 0;
    static_cast<void>(::pread(events.get(), &byte, 1, 0));
    ::poll(&changed, 1, kMillisPerTry);
  }
  return make_error(ErrorKind::timeout, std::string(frozen ? "freeze" : "wake") +
                                            " the processes of sandbox '" + id +
                                            "': not done within two seconds");
}

bool SandboxGroups::killed_for_memory(const std::string& id) const {
  const std::string folder = memory(id);
  if (folder.empty()) return false;
  const std::string file = support_.memory_v2 ? "/memory.events" : "/memory.oom_control";
  return line_value(read_setting(folder + file), "oom_kill") > 0;
}

std::optional<std::vector<pid_t>> SandboxGroups::processes(const std::string& id) const {
  const std::string folder = unified(id);
  if (folder.empty()) return std::nullopt;
  std::vector<pid_t> found;
  const std::string text = read_setting(folder + "/cgroup.procs");
  for (const std::string_view line : split_lines(text)) {
    if (const auto pid = number(line)) found.push_back(static_cast<pid_t>(*pid));
  }
  return found;
}

SandboxUsage SandboxGroups::usage(const std::string& id) const {
  SandboxUsage usage;
  if (const std::string folder = unified(id); !folder.empty()) {
    const std::uint64_t micros = line_value(read_setting(folder + "/cpu.stat"), "usage_usec");
    usage.cpu_seconds = static_cast<double>(micros) / 1e6;
  }
  if (const std::string folder = memory(id); !folder.empty()) {
    const char* file = support_.memory_v2 ? "/memory.current" : "/memory.usage_in_bytes";
    usage.memory_bytes = number(read_setting(folder + file));
    const char* const cache = support_.memory_v2 ? "file" : "total_cache";
    usage.cache_bytes = line_value(read_setting(folder + "/memory.stat"), cache);
  }
  if (const auto all = processes(id)) usage.processes = all->size();
  return usage;
}

}  // namespace genesis::sandbox_server
