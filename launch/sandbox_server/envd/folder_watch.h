#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "genesis/base/fd.h"
#include "launch/sandbox_server/envd/accounts.h"
#include "launch/sandbox_server/envd/filesystem_messages.h"
#include "launch/sandbox_server/envd/rpc_error.h"

namespace genesis::envd {

/// Changes in a folder, by inotify, with those below it where asked for. One thread at a time.
class FolderWatch {
 public:
  /// Armed when it returns. Errors: `not_found`, `invalid_argument` (no folder; a network mount
  /// that was not allowed), `resource_exhausted` (the machine's watches are used up).
  static RpcResult<std::unique_ptr<FolderWatch>> open(const WatchRequest& request,
                                                      const std::string& path);

  /// Readable when there is something to read; non-blocking.
  int fd() const { return inotify_.get(); }
  /// What has happened since. Error `resource_exhausted`: too much, events were lost.
  RpcResult<std::vector<FileChange>> read(const Accounts& accounts);

 private:
  FolderWatch(const WatchRequest& request, std::string path);
  /// Watches `relative` and, where asked for, what is below; `found` gets what is there already.
  RpcStatus add(const std::string& relative, std::vector<FileChange>* found);
  void translate(int watch, std::uint32_t mask, const std::string& name, const Accounts& accounts,
                 std::vector<FileChange>& changes);
  void report(ChangeKind kind, const std::string& relative, const Accounts& accounts,
              std::vector<FileChange>& changes) const;
  std::string full_path(const std::string& relative) const;

  WatchRequest request_;
  std::string path_;
  Fd inotify_;
  std::map<int, std::string> folders_;  ///< Watch to path, relative; "" is the folder itself.
};

}  // namespace genesis::envd
