#include "launch/sandbox_server/envd/file_operations.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "launch/sandbox_server/envd/file_metadata.h"
#include "launch/sandbox_server/envd/paths.h"

namespace genesis::envd {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMaxDepth = 256;      ///< Of a listing; deeper trees are cut.
constexpr std::size_t kMaxEntries = 200'000;  ///< Of a listing: its answer is one message.

FileType type_of(mode_t mode) {
  if (S_ISREG(mode)) return FileType::file;
  return S_ISDIR(mode) ? FileType::directory : FileType::unspecified;
}

std::string resolved_target(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string target(resolved);
  ::free(resolved);
  return target;
}

void give_to(const std::string& path, const Owner& owner) {
  // A file system without owners says no; the file is there all the same.
  if (owner.uid && ::lchown(path.c_str(), *owner.uid, owner.gid) != 0) errno = 0;
}

RpcStatus list_into(const std::string& folder, std::uint32_t depth, const Accounts& accounts,
                    std::vector<FileEntry>& found) {
  std::error_code failure;
  fs::directory_iterator entries(folder, failure);
  if (failure) return rpc_errno("list the folder", folder, failure.value());
  std::vector<std::string> names;
  for (const fs::directory_iterator end; entries != end; entries.increment(failure)) {
    if (failure) break;
    names.push_back(entries->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string path = join_path(folder, name);
    auto entry = file_entry(path, accounts);
    if (!entry) continue;  // Gone meanwhile.
    const bool descend = entry->type == FileType::directory && !entry->is_symlink && depth > 1;
    found.push_back(std::move(*entry));
    if (found.size() > kMaxEntries) {
      return rpc_error(RpcCode::resource_exhausted, "list the folder '" + folder + "': more than " +
                                                        std::to_string(kMaxEntries) +
                                                        " entries; ask for less depth");
    }
    if (!descend) continue;
    const auto below = list_into(path, depth - 1, accounts, found);
    // A folder that may not be read, or has gone, has no entries; too many are an error.
    if (!below && below.error().code == RpcCode::resource_exhausted) return below;
  }
  return {};
}

RpcStatus copy_bytes(int from, int to, const std::string& destination) {
  std::array<char, 64 * 1024> piece;  // NOLINT: filled by read
  for (;;) {
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got == 0) return {};
    if (got < 0) return rpc_errno("read for", destination, errno);
    for (ssize_t done = 0; done < got;) {
      const ssize_t wrote = ::write(to, piece.data() + done, static_cast<std::size_t>(got - done));
      if (wrote < 0) return rpc_errno("write", destination, errno);
      done += wrote;
    }
  }
}

}  // namespace

std::string permissions_text(mode_t mode) {
  std::string text;
  if (S_ISDIR(mode)) text += 'd';
  if (S_ISLNK(mode)) text += 'L';
  if (S_ISFIFO(mode)) text += 'p';
  if (S_ISSOCK(mode)) text += 'S';
  if (S_ISBLK(mode)) text += 'D';
  if (S_ISCHR(mode)) text += "Dc";
  if ((mode & S_ISUID) != 0) text += 'u';
  if ((mode & S_ISGID) != 0) text += 'g';
  if ((mode & S_ISVTX) != 0) text += 't';
  if (text.empty()) text = "-";
  constexpr std::string_view kBits = "rwxrwxrwx";
  for (std::size_t i = 0; i < kBits.size(); ++i) {
    text += (mode >> (8 - i) & 1) != 0 ? kBits[i] : '-';
  }
  return text;
}

RpcResult<FileEntry> file_entry(const std::string& path, const Accounts& accounts) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return rpc_errno("look at", path, errno);
  FileEntry entry;
  entry.path = path;
  entry.name = base_name(path);
  entry.permissions = permissions_text(info.st_mode);
  entry.size = static_cast<std::uint64_t>(info.st_size);
  entry.owner = accounts.user_name(info.st_uid);
  entry.group = accounts.group_name(info.st_gid);
  entry.modified = info.st_mtim;
  entry.type = type_of(info.st_mode);
  entry.mode = info.st_mode & 0777;
  if (S_ISLNK(info.st_mode)) {
    entry.is_symlink = true;
    entry.symlink_target = resolved_target(path);
    struct stat target {};
    const bool dangling = ::stat(path.c_str(), &target) != 0;
    entry.type = dangling ? FileType::unspecified : type_of(target.st_mode);
    entry.mode = dangling ? 0 : target.st_mode & 0777;
  }
  entry.metadata = read_metadata(path);
  return entry;
}

RpcStatus make_parents(const std::string& path, const Owner& owner) {
  std::vector<std::string> missing;
  std::string folder = parent_of(path);
  struct stat info {};
  while (::stat(folder.c_str(), &info) != 0) {
    if (errno != ENOENT) return rpc_errno("make the folder", folder, errno);
    missing.push_back(folder);
    folder = parent_of(folder);
  }
  if (!S_ISDIR(info.st_mode)) return rpc_errno("make the folder", folder, ENOTDIR);
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    if (base_name(*at) == ".." || base_name(*at) == ".") continue;
    if (::mkdir(at->c_str(), 0755) == 0) {
      ::chmod(at->c_str(), 0755);
      give_to(*at, owner);
    } else if (errno != EEXIST) {
      return rpc_errno("make the folder", *at, errno);
    }
  }
  return {};
}

RpcResult<FileEntry> make_folder(const std::string& path, const Owner& owner,
                                 const Accounts& accounts) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) {
      return rpc_error(RpcCode::already_exists, "the folder '" + path + "' is there already");
    }
    return rpc_error(RpcCode::invalid_argument,
                     "make the folder '" + path + "': a file of this name is in the way");
  }
  const auto made = make_parents(join_path(path, "x"), owner);
  if (!made) return tl::unexpected<RpcError>(made.error());
  return file_entry(path, accounts);
}

RpcResult<FileEntry> move_entry(const std::string& from, const std::string& to, const Owner& owner,
                                const Accounts& accounts) {
  struct stat info {};
  if (::lstat(from.c_str(), &info) != 0) return rpc_errno("move", from, errno);
  const auto made = make_parents(to, owner);
  if (!made) return tl::unexpected<RpcError>(made.error());
  if (::rename(from.c_str(), to.c_str()) == 0) return file_entry(to, accounts);
  if (errno != EXDEV) return rpc_errno("move '" + from + "' to", to, errno);
  std::error_code failure;
  fs::copy(from, to,
           fs::copy_options::recursive | fs::copy_options::copy_symlinks |
               fs::copy_options::overwrite_existing,
           failure);
  if (failure) return rpc_errno("move '" + from + "' to", to, failure.value());
  const auto removed = remove_tree(from);
  if (!removed) return tl::unexpected<RpcError>(removed.error());
  return file_entry(to, accounts);
}

RpcResult<std::vector<FileEntry>> list_folder(const std::string& path, std::uint32_t depth,
                                              const Accounts& accounts) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return rpc_errno("list the folder", path, errno);
  if (!S_ISDIR(info.st_mode)) {
    return rpc_error(RpcCode::invalid_argument, "list the folder '" + path + "': it is no folder");
  }
  std::vector<FileEntry> found;
  const auto listed = list_into(clean_path(path), std::min(depth, kMaxDepth), accounts, found);
  if (!listed) return tl::unexpected<RpcError>(listed.error());
  return found;
}

RpcStatus remove_tree(const std::string& path) {
  std::error_code failure;
  fs::remove_all(path, failure);
  if (failure && failure != std::errc::no_such_file_or_directory &&
      failure != std::errc::not_a_directory) {
    return rpc_errno("remove", path, failure.value());
  }
  return {};
}

RpcResult<Fd> open_for_upload(const std::string& path, const Owner& owner) {
  struct stat info {};
  const bool there = ::stat(path.c_str(), &info) == 0;
  if (there && S_ISDIR(info.st_mode)) {
    return rpc_error(RpcCode::invalid_argument, "write '" + path + "': it is a folder");
  }
  if (there && !S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode)) {
    return rpc_error(RpcCode::invalid_argument, "write '" + path + "': it is no regular file");
  }
  const auto made = make_parents(path, owner);
  if (!made) return tl::unexpected<RpcError>(made.error());
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666));
  if (!file) return rpc_errno("write", path, errno);
  if (owner.uid && ::fchown(file.get(), *owner.uid, owner.gid) != 0) errno = 0;  // As in give_to.
  return file;
}

RpcStatus compose_files(const std::vector<std::string>& sources, const std::string& destination,
                        const Owner& owner) {
  std::vector<Fd> opened;
  struct stat target {};
  const bool there = ::stat(destination.c_str(), &target) == 0;
  for (const std::string& source : sources) {
    Fd file(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) return rpc_errno("read", source, errno);
    if (!S_ISREG(info.st_mode)) {
      return rpc_error(RpcCode::invalid_argument, "read '" + source + "': it is no regular file");
    }
    if (there && info.st_dev == target.st_dev && info.st_ino == target.st_ino) {
      return rpc_error(RpcCode::invalid_argument,
                       "'" + source + "' is a source and the destination at once");
    }
    opened.push_back(std::move(file));
  }
  auto out = open_for_upload(destination, owner);
  if (!out) return tl::unexpected<RpcError>(std::move(out.error()));
  for (const Fd& file : opened) {
    const auto copied = copy_bytes(file.get(), out->get(), destination);
    if (!copied) return copied;
  }
  for (const std::string& source : sources) ::unlink(source.c_str());
  return {};
}

bool is_network_mount(const std::string& path) {
  struct statfs info {};
  if (::statfs(path.c_str(), &info) != 0) return false;
  constexpr std::array<unsigned long, 5> kNetwork = {NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, 0xff534d42,
                                                     0xfe534d42, 0x65735546};
  const auto type = static_cast<unsigned long>(info.f_type) & 0xffffffff;
  return std::find(kNetwork.begin(), kNetwork.end(), type) != kNetwork.end();
}

}  // namespace genesis::envd
