#include "genesis/store/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "genesis/base/clock.h"
#include "genesis/base/failpoint.h"
#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"

namespace genesis::store {
namespace {

constexpr std::chrono::seconds kHeartbeat{5};
constexpr std::int64_t kDeadAfterMillis = 60'000;
constexpr std::chrono::milliseconds kOrphanPatience{3000};
constexpr std::chrono::milliseconds kOrphanPoll{20};
// The record has a fixed size, so that renewing it is one write in place: the lock belongs to the
// file, which therefore cannot be replaced by renaming.
constexpr std::size_t kRecordBytes = 1024;

std::int64_t now_millis() {
  return SystemClock().unix_millis();
}

std::string this_host() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

struct LockRecord {
  LockOwner owner;
  bool released = false;
};

std::string encode(const LockRecord& record) {
  const nlohmann::json json = {{"host", record.owner.host},   {"pid", record.owner.pid},
                               {"since", record.owner.since}, {"heartbeat", record.owner.heartbeat},
                               {"fence", record.owner.fence}, {"released", record.released}};
  std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.resize(kRecordBytes - 1, ' ');
  return text + '\n';
}

/// Nothing for an empty or torn record: whoever wrote it did not get as far as owning the run.
std::optional<LockRecord> decode(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto number = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  };
  LockRecord record;
  const auto host = json.find("host");
  if (host != json.end() && host->is_string()) record.owner.host = host->get<std::string>();
  record.owner.pid = number("pid");
  record.owner.since = number("since");
  record.owner.heartbeat = number("heartbeat");
  record.owner.fence = number("fence");
  const auto released = json.find("released");
  record.released = released != json.end() && released->is_boolean() && released->get<bool>();
  return record;
}

std::optional<LockRecord> read_record(int fd) {
  std::string text(kRecordBytes, '\0');
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  if (got <= 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(got));
  return decode(text);
}

Status write_record(int fd, const LockRecord& record, const fs::path& path) {
  const std::string text = encode(record);
  const ssize_t written = ::pwrite(fd, text.data(), text.size(), 0);
  if (written != static_cast<ssize_t>(text.size())) {
    return errno_error("write the run lock", path.string(), written < 0 ? errno : ENOSPC);
  }
  return {};
}

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// True when taken, false when another process has it.
Result<bool> try_os_lock(int fd, const fs::path& path) {
  struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(fd, F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return errno_error("lock", path.string(), errno);
}

bool is_os_locked(int fd) {
  struct flock lock = whole_file(F_WRLCK);
  return ::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/// Whether the record's owner may still live although the OS lock is free: only on another host.
bool may_live_elsewhere(const LockRecord& record) {
  if (record.released || record.owner.host == this_host()) return false;
  return now_millis() - record.owner.heartbeat < kDeadAfterMillis;
}

tl::unexpected<Error> held(const fs::path& run_dir, const std::optional<LockRecord>& record,
                           bool elsewhere) {
  std::string who = "another process";
  std::string advice = "wait for it, or stop it with 'genesis stop'";
  if (record) {
    char since[32];
    who = fmt::format("process {} on host '{}' since {}", record->owner.pid, record->owner.host,
                      utc_timestamp(record->owner.since, since));
  }
  if (elsewhere) {
    const auto left = kDeadAfterMillis - (now_millis() - record->owner.heartbeat);
    advice = fmt::format("stop it there; if that host is gone, try again in {} s", left / 1000 + 1);
  }
  return make_error(ErrorKind::conflict, fmt::format("the run '{}' is being run by {}; {}",
                                                     run_dir.string(), who, advice));
}

/// True when the owner of record was a process of this host and is gone, yet the lock is held: by a
/// child that it forked, which is about to notice.
bool is_orphaned(const std::optional<LockRecord>& record) {
  if (!record || record->owner.host != this_host() || record->owner.pid <= 0) return false;
  return ::kill(static_cast<pid_t>(record->owner.pid), 0) != 0 && errno == ESRCH;
}

/// Whether the path still names the file that we hold open.
bool is_same_file(int fd, const fs::path& path) {
  struct stat ours {};
  struct stat named {};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

class FileRunLock final : public RunLock {
 public:
  FileRunLock(Fd fd, fs::path path, LockRecord record)
      : fd_(std::move(fd)), path_(std::move(path)), record_(std::move(record)) {
    thread_ = std::thread([this] { beat(); });
  }

  ~FileRunLock() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    record_.released = true;
    record_.owner.heartbeat = now_millis();
    failpoint("lock.release.before");
    // Without this the next owner on another host only waits a little longer.
    if (const Status written = write_record(fd_.get(), record_, path_); !written) {
      log::warning("{}", written.error().message);
    }
    fd_.reset();
    failpoint("lock.release.after");
  }

  std::int64_t fence() const override { return record_.owner.fence; }

 private:
  void beat() {
    std::unique_lock lock(mutex_);
    bool warned = false;
    while (!wake_.wait_for(lock, kHeartbeat, [this] { return stopping_; })) {
      record_.owner.heartbeat = now_millis();
      Status status = write_record(fd_.get(), record_, path_);
      if (status && !is_same_file(fd_.get(), path_)) {
        status = make_error(ErrorKind::io,
                            fmt::format("the run lock '{}' was removed or replaced while the run "
                                        "goes on; do not start it a second time",
                                        path_.string()));
      }
      if (!status && !warned) log::warning("{}", status.error().message);
      warned = !status;
    }
  }

  Fd fd_;
  const fs::path path_;
  LockRecord record_;  ///< The thread's while it runs; the fence never changes.
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  ///< mutex_
  std::thread thread_;
};

fs::path lock_path(const fs::path& run_dir) {
  return run_dir / ".genesis" / "lock";
}

std::int64_t next_fence(const std::optional<LockRecord>& last) {
  const std::int64_t seconds = now_millis() / 1000;
  return last && last->owner.fence > 0 ? last->owner.fence + 1 : seconds;
}

}  // namespace

Result<std::unique_ptr<RunLock>> RunLock::acquire(const fs::path& run_dir) {
  const fs::path path = lock_path(run_dir);
  GENESIS_TRY(make_directories(path.parent_path()));
  const auto patience = std::chrono::steady_clock::now() + kOrphanPatience;
  for (;;) {
    failpoint("lock.acquire.before");
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!fd) return errno_error("open the run lock", path.string(), errno);
    GENESIS_TRY_ASSIGN(const bool taken, try_os_lock(fd.get(), path));
    const std::optional<LockRecord> last = read_record(fd.get());
    if (!taken) {
      if (!is_orphaned(last) || std::chrono::steady_clock::now() > patience) {
        return held(run_dir, last, false);
      }
      std::this_thread::sleep_for(kOrphanPoll);
      continue;
    }
    if (last && may_live_elsewhere(*last)) return held(run_dir, last, true);
    if (!is_same_file(fd.get(), path)) continue;  // Deleted between our open and our lock.
    failpoint("lock.acquire.locked");
    LockRecord record;
    const std::int64_t now = now_millis();
    record.owner = {this_host(), ::getpid(), now, now, next_fence(last)};
    GENESIS_TRY(write_record(fd.get(), record, path));
    failpoint("lock.acquire.after");
    return std::make_unique<FileRunLock>(std::move(fd), path, std::move(record));
  }
}

Result<LockOwner> lock_owner(const fs::path& run_dir) {
  const fs::path path = lock_path(run_dir);
  const auto nobody = [&] {
    return make_error(ErrorKind::not_found,
                      fmt::format("no runner is at work in '{}'", run_dir.string()));
  };
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return nobody();
    return errno_error("open the run lock", path.string(), errno);
  }
  // The lock first: an owner that lets go in between is then seen as released by its record.
  const bool locked = is_os_locked(fd.get());
  const std::optional<LockRecord> record = read_record(fd.get());
  if (!record) return nobody();
  if (locked || may_live_elsewhere(*record)) return record->owner;
  return nobody();
}

}  // namespace genesis::store
