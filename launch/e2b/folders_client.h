#pragma once

#include <memory>
#include <string>
#include <vector>

#include "launch/e2b/agent_calls.h"
#include "launch/e2b/filesystem_messages.h"

namespace genesis::launch::e2b {

/// What happens below a folder, as it happens. On the loop's thread; must end before the client
/// that made it.
class WatchStream {
 public:
  explicit WatchStream(std::unique_ptr<MessageStream> stream) : stream_(std::move(stream)) {}
  /// Errors: as a command's stream.
  Awaitable<Outcome<WatchEvent>> next();

 private:
  std::unique_ptr<MessageStream> stream_;
};

/// The file system of sandboxes, but for the files' bytes (FilesClient). On the loop's thread.
/// `user` empty: the template's. Errors, besides the connection's: `not_found`, `refused`.
class FoldersClient {
 public:
  explicit FoldersClient(const AgentCalls& calls) : calls_(calls) {}

  Awaitable<Outcome<RemoteEntry>> stat(SandboxHandle sandbox, std::string path, std::string user);
  /// Depth-first, in the names' order; `depth` 1: the folder's own entries.
  Awaitable<Outcome<std::vector<RemoteEntry>>> list(SandboxHandle sandbox, std::string path,
                                                    unsigned depth, std::string user);
  /// With those above it. False: it was there.
  Awaitable<Outcome<bool>> make(SandboxHandle sandbox, std::string path, std::string user);
  Awaitable<Outcome<RemoteEntry>> move(SandboxHandle sandbox, std::string from, std::string to,
                                       std::string user);
  /// Files and folders with all that is in them; what is not there is removed.
  Awaitable<Outcome<void>> remove(SandboxHandle sandbox, std::string path, std::string user);
  /// Watches when this returns.
  Awaitable<Outcome<std::unique_ptr<WatchStream>>> watch(SandboxHandle sandbox, std::string path,
                                                         bool recursive, std::string user);

 private:
  Awaitable<Outcome<std::string>> ask(SandboxHandle sandbox, const char* method,
                                      std::string message, std::string user, std::string what);

  const AgentCalls& calls_;
};

}  // namespace genesis::launch::e2b
