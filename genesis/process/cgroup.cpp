#include "genesis/process/cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/process/proc_fs.h"

namespace genesis::process {

namespace {

constexpr std::string_view kPrefix = "genesis-";

Status write_setting(const std::string& path, const std::string& value) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno_error("open", path, errno);
  if (::write(file.get(), value.data(), value.size()) < 0) {
    return errno_error(fmt::format("write '{}' to", value), path, errno);
  }
  return {};
}

std::string read_setting(int fd) {
  std::array<char, 4096> piece;  // NOLINT: written by the kernel
  std::string text;
  for (;;) {
    const ssize_t got = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(text.size()));
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > 64 * 1024) return text;
  }
}

std::string read_setting(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file ? read_setting(file.get()) : std::string();
}

std::uint64_t to_number(std::string_view text) {
  std::uint64_t number = 0;
  const std::string_view trimmed = trim(text);
  std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), number);
  return number;
}

/// The value after "key " in a file of such lines.
std::uint64_t field(const std::string& text, std::string_view key) {
  for (const std::string_view line : split_lines(text)) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      return to_number(line.substr(key.size() + 1));
    }
  }
  return 0;
}

std::vector<pid_t> pids_in(const std::string& text) {
  std::vector<pid_t> pids;
  for (const std::string_view line : split_lines(text)) {
    pids.push_back(static_cast<pid_t>(to_number(line)));
  }
  return pids;
}

std::vector<std::string> sub_folders(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    if (entry.is_directory(failure)) found.push_back(entry.path().string());
  }
  return found;
}

Status make_group(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return errno_error("make the cgroup", path, errno);
  }
  return {};
}

/// "genesis-<pid>-<start>-<n>": whose pid and start are no longer to be found is stale.
bool is_stale(const std::string& name) {
  const auto parts = split(name, '-');
  if (parts.size() != 4 || parts[0] != "genesis" || parts[1] == "trial") return false;
  const auto pid = static_cast<pid_t>(to_number(parts[1]));
  const auto stat = read_stat(pid);
  return !stat || stat->is_zombie() || stat->id.start_ticks != to_number(parts[2]);
}

void sweep_stale(const std::string& parent) {
  if (parent.empty()) return;
  for (const std::string& folder : sub_folders(parent)) {
    if (!is_stale(fs::path(folder).filename().string())) continue;
    kill_cgroup_tree(folder);
    remove_cgroup_tree(folder);
  }
}

std::string own_group_name() {
  static std::atomic<int> serial{0};
  const auto self = read_stat(::getpid());
  return fmt::format("{}{}-{}-{}", kPrefix, ::getpid(), self ? self->id.start_ticks : 0,
                     serial.fetch_add(1));
}

}  // namespace

Status CgroupSlot::prepare(std::optional<std::uint64_t> memory_bytes,
                           std::optional<std::uint64_t> processes) {
  limited_memory_ = memory_bytes && !memory_.empty();
  limited_processes_ = processes && !pids_.empty();
  if (limited_memory_) {
    const std::string limit_file = memory_is_v1_ ? "/memory.limit_in_bytes" : "/memory.max";
    if (memory_is_v1_) {
      // What an earlier job left in the page cache is charged here; it must not count for the next.
      static_cast<void>(write_setting(memory_ + "/memory.force_empty", "0"));
      static_cast<void>(write_setting(memory_ + "/memory.max_usage_in_bytes", "0"));
    } else {
      static_cast<void>(write_setting(memory_ + "/memory.swap.max", "0"));
      static_cast<void>(write_setting(memory_ + "/memory.oom.group", "1"));
    }
    GENESIS_TRY(write_setting(memory_ + limit_file, std::to_string(*memory_bytes)));
    memory_kills_before_ = memory_kills();
  } else if (!memory_.empty() && !memory_is_v1_) {
    GENESIS_TRY(write_setting(memory_ + "/memory.max", "max"));
  }
  // A v1 group without a limit is simply not joined; a v2 group is the slot's own and must be open.
  if (limited_processes_) {
    GENESIS_TRY(write_setting(pids_ + "/pids.max", std::to_string(*processes)));
  } else if (!pids_.empty() && !pids_is_v1_) {
    GENESIS_TRY(write_setting(pids_ + "/pids.max", "max"));
  }
  return {};
}

std::vector<int> CgroupSlot::join_fds() const {
  std::vector<int> fds;
  if (limited_memory_ && join_memory_) fds.push_back(join_memory_.get());
  if (limited_processes_ && join_pids_) fds.push_back(join_pids_.get());
  return fds;
}

void CgroupSlot::signal_all(int signal) {
  for (const pid_t pid : pids_in(read_setting(processes_.get()))) {
    if (const auto stat = read_stat(pid)) signal_process(stat->id, signal);
  }
  for (const std::string& folder : sub_folders(unified_)) {
    // A job may have made groups of its own.
    for (const pid_t pid : pids_in(read_setting(folder + "/cgroup.procs"))) ::kill(pid, signal);
  }
}

void CgroupSlot::kill_all() {
  killed_ = true;
  kill_cgroup_tree(unified_);
}

std::vector<std::string> CgroupSlot::folders() const {
  std::vector<std::string> found{unified_};
  if (memory_is_v1_) found.push_back(memory_);
  if (pids_is_v1_) found.push_back(pids_);
  return found;
}

bool CgroupSlot::empty() {
  // Sub-groups that the job made count here as well; a zombie does not.
  return field(read_setting(events_.get()), "populated") == 0;
}

std::uint64_t CgroupSlot::memory_kills() {
  return field(read_setting(memory_ + (memory_is_v1_ ? "/memory.oom_control" : "/memory.events")),
               "oom_kill");
}

bool CgroupSlot::killed_for_memory() {
  return limited_memory_ && memory_kills() > memory_kills_before_;
}

std::uint64_t CgroupSlot::peak_memory_bytes() {
  if (!limited_memory_ || !memory_is_v1_) return 0;  // v2's memory.peak cannot be reset.
  return to_number(read_setting(memory_ + "/memory.max_usage_in_bytes"));
}

Result<std::unique_ptr<CgroupRun>> CgroupRun::open(const CgroupSupport& support) {
  sweep_stale(support.unified);
  sweep_stale(support.memory_v1);
  sweep_stale(support.pids_v1);
  std::unique_ptr<CgroupRun> run(new CgroupRun(support));
  GENESIS_TRY(run->make_folders());
  return run;
}

Status CgroupRun::make_folders() {
  const std::string name = own_group_name();
  unified_ = fmt::format("{}/{}", support_.unified, name);
  GENESIS_TRY(make_group(unified_));
  if (support_.memory_v2)
    GENESIS_TRY(write_setting(unified_ + "/cgroup.subtree_control", "+memory"));
  if (support_.pids_v2) GENESIS_TRY(write_setting(unified_ + "/cgroup.subtree_control", "+pids"));
  if (!support_.memory_v1.empty()) {
    memory_ = fmt::format("{}/{}", support_.memory_v1, name);
    GENESIS_TRY(make_group(memory_));
  }
  if (!support_.pids_v1.empty()) {
    pids_ = fmt::format("{}/{}", support_.pids_v1, name);
    GENESIS_TRY(make_group(pids_));
  }
  return {};
}

CgroupRun::~CgroupRun() {
  slots_.clear();
  for (const std::string& folder : folders()) {
    kill_cgroup_tree(folder);
    remove_cgroup_tree(folder);
  }
}

std::vector<std::string> CgroupRun::folders() const {
  std::vector<std::string> found;
  for (const std::string* folder : {&unified_, &memory_, &pids_}) {
    if (!folder->empty()) found.push_back(*folder);
  }
  return found;
}

Result<CgroupSlot*> CgroupRun::slot(int index) {
  const auto place = static_cast<std::size_t>(index);
  if (slots_.size() <= place) slots_.resize(place + 1);
  if (!slots_[place]) {
    GENESIS_TRY_ASSIGN(slots_[place], make_slot(fmt::format("/slot-{}", index)));
  }
  return slots_[place].get();
}

Result<CgroupSlot*> CgroupRun::slot_for_next(int index) {
  GENESIS_TRY_ASSIGN(CgroupSlot * now, slot(index));
  if (!now->killed_) return now;
  GENESIS_TRY_ASSIGN(auto fresh, make_slot(fmt::format("/slot-{}-{}", index, ++renewed_)));
  // Zombies may keep the old folders a moment longer: they go with the run's then.
  for (const std::string& folder : now->folders()) ::rmdir(folder.c_str());
  slots_[static_cast<std::size_t>(index)] = std::move(fresh);
  return slots_[static_cast<std::size_t>(index)].get();
}

Result<std::unique_ptr<CgroupSlot>> CgroupRun::make_slot(const std::string& name) const {
  auto slot = std::make_unique<CgroupSlot>();
  slot->unified_ = unified_ + name;
  GENESIS_TRY(make_group(slot->unified_));
  slot->folder_ = Fd(::open(slot->unified_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  slot->processes_ = Fd(::openat(slot->folder_.get(), "cgroup.procs", O_RDONLY | O_CLOEXEC));
  slot->events_ = Fd(::openat(slot->folder_.get(), "cgroup.events", O_RDONLY | O_CLOEXEC));
  if (!slot->folder_ || !slot->processes_ || !slot->events_)
    return errno_error("open the cgroup", slot->unified_, errno);
  const auto join_v1 = [&](const std::string& parent, std::string& folder, Fd& join) -> Status {
    folder = parent + name;
    GENESIS_TRY(make_group(folder));
    join = Fd(::open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (!join) return errno_error("open the cgroup", folder, errno);
    return {};
  };
  slot->memory_is_v1_ = !memory_.empty();
  slot->pids_is_v1_ = !pids_.empty();
  if (support_.memory_v2) slot->memory_ = slot->unified_;
  if (support_.pids_v2) slot->pids_ = slot->unified_;
  if (slot->memory_is_v1_) GENESIS_TRY(join_v1(memory_, slot->memory_, slot->join_memory_));
  if (slot->pids_is_v1_) GENESIS_TRY(join_v1(pids_, slot->pids_, slot->join_pids_));
  return slot;
}

void kill_cgroup_tree(const std::string& folder) {
  if (write_setting(folder + "/cgroup.kill", "1")) return;
  // Linux before 5.14 has no such file; v1 folders neither, and their members are v2 members too.
  if (!read_setting(folder + "/cgroup.type").empty() || fs::exists(folder + "/cgroup.events")) {
    for (const pid_t pid : pids_in(read_setting(folder + "/cgroup.procs"))) ::kill(pid, SIGKILL);
    for (const std::string& below : sub_folders(folder)) kill_cgroup_tree(below);
  }
}

bool remove_cgroup_tree(const std::string& folder) {
  constexpr int kTries = 400;
  for (const std::string& below : sub_folders(folder)) remove_cgroup_tree(below);
  for (int i = 0; i < kTries; ++i) {
    if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return true;
    if (errno != EBUSY) return false;
    ::poll(nullptr, 0, 5);  // Zombies leave their group a moment after their end.
  }
  return false;
}

}  // namespace genesis::process
