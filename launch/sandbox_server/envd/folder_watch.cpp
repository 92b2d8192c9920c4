#include "launch/sandbox_server/envd/folder_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "launch/sandbox_server/envd/file_operations.h"
#include "launch/sandbox_server/envd/paths.h"

namespace genesis::envd {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMask = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_MODIFY | IN_ATTRIB |
                                IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr int kMaxDepth = 256;

}  // namespace

FolderWatch::FolderWatch(const WatchRequest& request, std::string path)
    : request_(request),
      path_(std::move(path)),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

RpcResult<std::unique_ptr<FolderWatch>> FolderWatch::open(const WatchRequest& request,
                                                          const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return rpc_errno("watch", path, errno);
  if (!S_ISDIR(info.st_mode)) {
    return rpc_error(RpcCode::invalid_argument, "watch '" + path + "': it is no folder");
  }
  if (!request.allow_network_mounts && is_network_mount(path)) {
    return rpc_error(RpcCode::invalid_argument,
                     "watch '" + path +
                         "': it is on a network mount, where changes made elsewhere are not seen; "
                         "allow network mounts to watch it all the same");
  }
  std::unique_ptr<FolderWatch> watch(new FolderWatch(request, path));
  if (!watch->inotify_) return rpc_errno("watch", path, errno);
  const auto added = watch->add("", nullptr);
  if (!added) return tl::unexpected<RpcError>(added.error());
  return watch;
}

std::string FolderWatch::full_path(const std::string& relative) const {
  return relative.empty() ? path_ : join_path(path_, relative);
}

RpcStatus FolderWatch::add(const std::string& relative, std::vector<FileChange>* found) {
  const std::string folder = full_path(relative);
  const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), kMask);
  if (watch < 0) {
    if (!relative.empty() && errno != ENOSPC && errno != ENOMEM) return {};  // Gone meanwhile.
    return rpc_errno("watch", folder, errno == ENOSPC ? ENOMEM : errno);
  }
  folders_[watch] = relative;
  if (!request_.recursive) return {};
  if (std::count(relative.begin(), relative.end(), '/') > kMaxDepth) return {};
  std::error_code failure;
  for (fs::directory_iterator entries(folder, failure), end; !failure && entries != end;
       entries.increment(failure)) {
    const std::string name = entries->path().filename().string();
    const std::string below = relative.empty() ? name : join_path(relative, name);
    if (found != nullptr) {
      FileChange change;
      change.name = below;
      found->push_back(std::move(change));
    }
    std::error_code ignored;
    if (entries->symlink_status(ignored).type() != fs::file_type::directory) continue;
    const auto added = add(below, found);
    if (!added) return added;
  }
  return {};
}

void FolderWatch::report(ChangeKind kind, const std::string& relative, const Accounts& accounts,
                         std::vector<FileChange>& changes) const {
  FileChange change;
  change.name = relative.empty() ? "." : relative;
  change.kind = kind;
  const bool is_there = kind != ChangeKind::remove && kind != ChangeKind::rename;
  if (request_.include_entry && is_there) {
    if (auto entry = file_entry(full_path(relative), accounts)) change.entry = std::move(*entry);
  }
  changes.push_back(std::move(change));
}

void FolderWatch::translate(int watch, std::uint32_t mask, const std::string& name,
                            const Accounts& accounts, std::vector<FileChange>& changes) {
  const auto folder = folders_.find(watch);
  if (folder == folders_.end()) return;
  if ((mask & IN_IGNORED) != 0) {
    folders_.erase(folder);
    return;
  }
  const std::string inside = folder->second;
  const std::string relative =
      name.empty() ? inside : (inside.empty() ? name : join_path(inside, name));
  // A folder below the watched one is told of by the folder that holds it.
  const bool of_itself = name.empty();
  if (of_itself && !inside.empty()) return;
  if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
    report(ChangeKind::create, relative, accounts, changes);
    if ((mask & IN_ISDIR) != 0 && request_.recursive) {
      // What was made in it before the watch was there is told as made now.
      std::vector<FileChange> found;
      static_cast<void>(add(relative, &found));
      for (const FileChange& change : found) {
        report(ChangeKind::create, change.name, accounts, changes);
      }
    }
  }
  if ((mask & IN_MODIFY) != 0) report(ChangeKind::write, relative, accounts, changes);
  if ((mask & IN_ATTRIB) != 0) report(ChangeKind::chmod, relative, accounts, changes);
  if ((mask & (IN_MOVED_FROM | IN_MOVE_SELF)) != 0) {
    report(ChangeKind::rename, relative, accounts, changes);
  }
  if ((mask & (IN_DELETE | IN_DELETE_SELF)) != 0) {
    report(ChangeKind::remove, relative, accounts, changes);
  }
}

RpcResult<std::vector<FileChange>> FolderWatch::read(const Accounts& accounts) {
  std::vector<FileChange> changes;
  alignas(inotify_event) std::array<char, 64 * 1024> events;  // NOLINT: filled by the kernel
  for (;;) {
    const ssize_t got = ::read(inotify_.get(), events.data(), events.size());
    if (got <= 0) return changes;
    for (ssize_t at = 0; at + static_cast<ssize_t>(sizeof(inotify_event)) <= got;) {
      inotify_event event;
      std::memcpy(&event, events.data() + at, sizeof event);
      const std::string name =
          event.len == 0 ? std::string() : std::string(events.data() + at + sizeof event);
      at += static_cast<ssize_t>(sizeof event + event.len);
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        return rpc_error(RpcCode::resource_exhausted,
                         "watch '" + path_ + "': more changes than could be read; some are lost");
      }
      translate(event.wd, event.mask, name, accounts, changes);
    }
  }
}

}  // namespace genesis::envd
