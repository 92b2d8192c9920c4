#include "launch/sandbox_server/spawner/remove_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "genesis/base/fd.h"

namespace genesis::sandbox_server {

namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// Empties and removes `name` in the folder `parent`; 0 or errno. Recursive by descriptors, so that
/// a path of any length works and nothing can be swapped for a link on the way.
int remove_entry(int parent, const char* name) {
  if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return errno;
  Fd folder(::openat(parent, name, kFolder));
  if (!folder && errno == EACCES && ::fchmodat(parent, name, 0700, 0) == 0) {
    folder = Fd(::openat(parent, name, kFolder));
  }
  if (!folder) return errno;
  if (::geteuid() != 0) ::fchmod(folder.get(), 0700);
  DIR* entries = ::fdopendir(::dup(folder.get()));
  if (entries == nullptr) return errno;
  int failed = 0;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string_view below = entry->d_name;
    if (below == "." || below == "..") continue;
    const int cause = remove_entry(folder.get(), entry->d_name);
    if (cause != 0) failed = cause;
  }
  ::closedir(entries);
  if (failed != 0) return failed;
  if (::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  return errno;
}

}  // namespace

Status remove_folder(const std::filesystem::path& folder) {
  const int cause = remove_entry(AT_FDCWD, folder.c_str());
  if (cause == 0) return {};
  return errno_error("remove the sandbox's folder", folder.string(), cause);
}

}  // namespace genesis::sandbox_server
