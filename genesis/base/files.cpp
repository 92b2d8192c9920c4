#include "genesis/base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <limits>

#include "genesis/base/fd.h"

namespace genesis {

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

namespace {

Status write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno_error("write", path.string(), errno);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_from(int fd, std::size_t size_hint, std::size_t max_bytes,
                              const fs::path& path) {
  std::string content;
  content.resize(size_hint + 1);
  std::size_t have = 0;
  for (;;) {
    if (have == content.size()) content.resize(content.size() * 2);
    const ssize_t got = ::read(fd, content.data() + have, content.size() - have);
    if (got < 0) {
      if (errno == EINTR) continue;
      return errno_error("read", path.string(), errno);
    }
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
    if (have > max_bytes) {
      return make_error(ErrorKind::parse, fmt::format("'{}' is larger than the limit of {} bytes",
                                                      path.string(), max_bytes));
    }
  }
  content.resize(have);
  return content;
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::size_t max_bytes, bool follow_links) {
  // O_NONBLOCK: a named pipe left by a hostile candidate must not hang the reader.
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow_links ? 0 : O_NOFOLLOW);
  const Fd fd(::open(path.c_str(), flags));
  if (!fd) {
    if (errno == ELOOP && !follow_links) {
      return make_error(ErrorKind::parse, fmt::format("'{}' is a symbolic link", path.string()));
    }
    return errno_error("open", path.string(), errno);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error("stat", path.string(), errno);
  if (!S_ISREG(info.st_mode)) {
    return make_error(ErrorKind::parse, fmt::format("'{}' is not a regular file", path.string()));
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size > max_bytes) {
    return make_error(ErrorKind::parse, fmt::format("'{}' is {} bytes, over the limit of {}",
                                                    path.string(), size, max_bytes));
  }
  return read_from(fd.get(), size, max_bytes, path);
}

Result<std::string> read_tail(const fs::path& path, std::size_t max_bytes) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (!fd) return errno_error("open", path.string(), errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error("stat", path.string(), errno);
  if (!S_ISREG(info.st_mode)) {
    return make_error(ErrorKind::parse, fmt::format("'{}' is not a regular file", path.string()));
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  std::string tail(std::min(size, max_bytes), '\0');
  std::size_t have = 0;
  while (have < tail.size()) {
    const ssize_t got = ::pread(fd.get(), tail.data() + have, tail.size() - have,
                                static_cast<off_t>(size - tail.size() + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  tail.resize(have);
  if (size > max_bytes) {
    const auto newline = tail.find('\n');
    if (newline != std::string::npos && newline < tail.size() / 4) tail.erase(0, newline + 1);
  }
  return tail;
}

Status write_file(const fs::path& path, std::string_view content) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return errno_error("create", path.string(), errno);
  return write_all(fd.get(), content, path);
}

Status write_file_atomic(const fs::path& path, std::string_view content, Durability durability) {
  static std::atomic<unsigned> serial{0};
  fs::path temporary = path;
  temporary += fmt::format(".tmp-{}-{}", ::getpid(), serial.fetch_add(1));
  {
    const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd) return errno_error("create", temporary.string(), errno);
    Status written = write_all(fd.get(), content, temporary);
    if (written && durability == Durability::power && ::fsync(fd.get()) != 0) {
      written = errno_error("fsync", temporary.string(), errno);
    }
    if (!written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int cause = errno;
    ::unlink(temporary.c_str());
    return errno_error("rename to", path.string(), cause);
  }
  if (durability == Durability::power) {
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return errno_error("fsync", folder.string(), errno);
  }
  return {};
}

Status make_directories(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) return errno_error("create folder", path.string(), failure.value());
  return {};
}

Result<FreeSpace> free_space(const fs::path& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return errno_error("statvfs", path.string(), errno);
  FreeSpace space;
  space.bytes = std::uint64_t{info.f_bavail} * info.f_frsize;
  space.inodes = info.f_files == 0 ? std::numeric_limits<std::uint64_t>::max() : info.f_favail;
  return space;
}

bool is_network_file_system(const fs::path& path) {
  struct statfs info {};
  if (::statfs(path.c_str(), &info) != 0) return false;
  switch (static_cast<std::uint32_t>(info.f_type)) {
    case 0x6969:      // NFS
    case 0xFF534D42:  // CIFS
    case 0xFE534D42:  // SMB2
    case 0x517B:      // SMB
    case 0x0BD00BD0:  // Lustre
    case 0x47504653:  // GPFS
    case 0x19830326:  // BeeGFS
    case 0x00C36400:  // Ceph
    case 0x01021997:  // 9p
    case 0x5346414F:  // AFS
    case 0x65735546:  // FUSE: sshfs, s3fs and friends cannot be told apart
      return true;
    default:
      return false;
  }
}

TempDir::TempDir(std::string_view prefix) {
  const char* root = std::getenv("TMPDIR");
  std::string pattern =
      fmt::format("{}/{}-XXXXXX", root != nullptr && *root ? root : "/tmp", prefix);
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw GenesisError(
        Error{ErrorKind::io, fmt::format("cannot make a temporary folder '{}'", pattern)});
  }
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace genesis
