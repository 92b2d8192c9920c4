#include "launch/sandbox_server/envd/skeleton.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "genesis/base/fd.h"

namespace genesis::envd {

namespace {

Status failed(const char* what, const std::string& path) {
  return errno_error(what, path, errno);
}

Status make_file(const std::string& path, std::string_view content, mode_t mode) {
  const Fd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) return failed("make the file", path);
  if (::fchmod(file.get(), mode) != 0) return failed("set the mode of", path);
  while (!content.empty()) {
    const ssize_t wrote = ::write(file.get(), content.data(), content.size());
    if (wrote < 0) return failed("write", path);
    content.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Status make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed("make the folder", path);
  if (::chmod(path.c_str(), mode) != 0) return failed("set the mode of", path);
  return {};
}

/// What overlayfs is told in an attribute that nobody in a sandbox may set.
Status tell_overlayfs(const std::string& path, const char* attribute, std::string_view value) {
  if (::setxattr(path.c_str(), attribute, value.data(), value.size(), 0) == 0) return {};
  return failed("mark for overlayfs", path);
}

Status make_entry(const std::string& path, const SkeletonEntry& entry) {
  switch (entry.kind) {
    case SkeletonEntry::Kind::folder:
      return make_folder(path, entry.mode);
    case SkeletonEntry::Kind::closed_folder:
      GENESIS_TRY(make_folder(path, entry.mode));
      return tell_overlayfs(path, "trusted.overlay.opaque", "y");
    case SkeletonEntry::Kind::merged_folder:
      GENESIS_TRY(make_folder(path, entry.mode));
      return tell_overlayfs(path, "trusted.overlay.redirect", entry.content);
    case SkeletonEntry::Kind::file:
      return make_file(path, entry.content, entry.mode);
    case SkeletonEntry::Kind::link:
      if (::symlink(entry.content.c_str(), path.c_str()) == 0) return {};
      return failed("make the link", path);
    case SkeletonEntry::Kind::hidden:
      if (::mknod(path.c_str(), S_IFCHR | 0600, makedev(0, 0)) == 0) return {};
      return failed("hide from the sandbox", path);
  }
  return make_error(ErrorKind::parse, "'" + path + "' of the sandbox is of no known kind");
}

}  // namespace

Status make_skeleton(const std::string& root, const std::vector<SkeletonEntry>& entries) {
  for (const SkeletonEntry& entry : entries) {
    const std::string path = root + "/" + entry.path;
    GENESIS_TRY(make_entry(path, entry));
    if (entry.owner != 0 && ::lchown(path.c_str(), entry.owner, entry.owner) != 0) {
      return failed("give to its owner", path);
    }
  }
  return {};
}

}  // namespace genesis::envd
