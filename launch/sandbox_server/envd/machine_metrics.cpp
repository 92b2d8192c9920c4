#include "launch/sandbox_server/envd/machine_metrics.h"

#include <dirent.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "launch/sandbox_wire/json_text.h"

namespace genesis::envd {

namespace {

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  text = trim(text);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// "MemTotal:  123 kB" in bytes.
std::uint64_t kilobytes(std::string_view file, std::string_view key) {
  for (const std::string_view line : split_lines(file)) {
    if (line.starts_with(key)) return number(line.substr(key.size())) * 1024;
  }
  return 0;
}

std::vector<std::string> processes() {
  std::vector<std::string> found;
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr) return found;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') found.emplace_back(entry->d_name);
  }
  ::closedir(folder);
  return found;
}

double ticks_to_seconds(std::uint64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double uptime() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Fields 14 to 17 of /proc/<pid>/stat: its own time and that of its reaped children.
double cpu_of(const std::string& pid) {
  const std::string stat = read_file("/proc/" + pid + "/stat").value_or("");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return 0;
  const auto fields = split(std::string_view(stat).substr(name_end + 2), ' ');
  std::uint64_t ticks = 0;
  for (std::size_t i = 11; i < 15 && i < fields.size(); ++i) ticks += number(fields[i]);
  return ticks_to_seconds(ticks);
}

/// Private and shared memory without files, of all processes here.
std::uint64_t used_by_processes() {
  std::uint64_t bytes = 0;
  for (const std::string& pid : processes()) {
    const std::string status = read_file("/proc/" + pid + "/status").value_or("");
    bytes += kilobytes(status, "RssAnon:") + kilobytes(status, "RssShmem:");
  }
  return bytes;
}

}  // namespace

MachineMetrics::MachineMetrics(bool in_sandbox, Limits limits, std::string disk_path)
    : in_sandbox_(in_sandbox), limits_(limits), disk_path_(std::move(disk_path)) {
  last_ = cpu_now();
}

MachineMetrics::Cpu MachineMetrics::cpu_now() const {
  Cpu cpu;
  cpu.all_seconds = uptime();
  if (in_sandbox_) {
    for (const std::string& pid : processes()) cpu.used_seconds += cpu_of(pid);
    return cpu;
  }
  // "cpu  user nice system idle iowait irq softirq steal"
  const std::string stat = read_file("/proc/stat").value_or("");
  std::size_t column = 0;
  for (const std::string_view field :
       split(split_lines(stat).empty() ? "" : split_lines(stat)[0], ' ')) {
    if (field.empty() || field == "cpu") continue;
    const bool idle = column == 3 || column == 4;
    if (!idle && column < 8) cpu.used_seconds += ticks_to_seconds(number(field));
    ++column;
  }
  return cpu;
}

std::string MachineMetrics::read() {
  const Cpu now = cpu_now();
  const double processors = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  const double cpus = limits_.cpus.value_or(processors);
  const double elapsed = (now.all_seconds - last_.all_seconds) * (in_sandbox_ ? cpus : processors);
  const double used = now.used_seconds - last_.used_seconds;
  const double share = elapsed > 0 ? std::min(100.0, std::max(0.0, used / elapsed * 100)) : 0;
  last_ = now;

  const std::string meminfo = read_file("/proc/meminfo").value_or("");
  const std::uint64_t machine_total = kilobytes(meminfo, "MemTotal:");
  const std::uint64_t total = std::min(limits_.memory_bytes.value_or(machine_total), machine_total);
  const std::uint64_t cache = in_sandbox_ ? 0 : kilobytes(meminfo, "Cached:");
  const std::uint64_t memory =
      in_sandbox_ ? used_by_processes() : machine_total - kilobytes(meminfo, "MemAvailable:");
  struct statvfs disk {};
  const bool disk_known = ::statvfs(disk_path_.c_str(), &disk) == 0;
  constexpr std::uint64_t kMebi = 1u << 20;

  nlohmann::json metrics;
  metrics["ts"] = static_cast<std::int64_t>(::time(nullptr));
  metrics["cpu_count"] = static_cast<int>(std::ceil(cpus));
  metrics["cpu_used_pct"] = std::round(share * 100) / 100;
  metrics["mem_total"] = total;
  metrics["mem_used"] = memory;
  metrics["mem_cache"] = cache;
  metrics["mem_total_mib"] = total / kMebi;
  metrics["mem_used_mib"] = memory / kMebi;
  metrics["disk_total"] = disk_known ? disk.f_blocks * disk.f_frsize : 0;
  metrics["disk_used"] = disk_known ? (disk.f_blocks - disk.f_bfree) * disk.f_frsize : 0;
  return sandbox_wire::to_json_text(metrics);
}

}  // namespace genesis::envd
