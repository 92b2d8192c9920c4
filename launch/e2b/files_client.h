#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "launch/e2b/agent_calls.h"
#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

/// How a file is sent or fetched.
struct FileOptions {
  std::string user;   ///< Empty: the template's.
  bool gzip = false;  ///< Packed on the way, where the agent can (uploads: 0.5.7).
  /// Of uploads: kept with the file, in place of what was there. Keys become lower case. `refused`
  /// where the agent is older than 0.6.2, or a key or value cannot be sent.
  std::map<std::string, std::string> metadata;

  FileOptions() = default;  // Crosses awaits: not an aggregate (g++ 12).
  explicit FileOptions(std::string who) : user(std::move(who)) {}
};

/// Files of sandboxes. On the loop's thread.
class FilesClient {
 public:
  explicit FilesClient(const AgentCalls& calls) : calls_(calls) {}

  Awaitable<Outcome<void>> write(SandboxHandle sandbox, std::string path, std::string content,
                                 FileOptions options);
  /// In one request: each part carries its whole path. Of the options only `user` counts.
  Awaitable<Outcome<void>> write_all(SandboxHandle sandbox, std::vector<FileText> files,
                                     FileOptions options);
  Awaitable<Outcome<void>> upload(SandboxHandle sandbox, std::string path,
                                  std::filesystem::path from, FileOptions options);
  Awaitable<Outcome<std::string>> read(SandboxHandle sandbox, std::string path, std::size_t limit,
                                       FileOptions options);
  Awaitable<Outcome<std::uint64_t>> download(SandboxHandle sandbox, std::string path,
                                             std::filesystem::path to, std::uint64_t limit,
                                             FileOptions options);

 private:
  /// A POST of /files, whose body is still to be set between `before` and `after`. `options.gzip`
  /// is off afterwards where the agent cannot.
  Outcome<net::HttpCall> upload_call(const SandboxHandle& sandbox, const std::string& path,
                                     FileOptions& options, const std::string& what,
                                     std::string& before, std::string& after) const;
  Awaitable<Outcome<void>> send(net::HttpCall call, SandboxHandle sandbox, std::string what);
  Awaitable<Outcome<net::HttpAnswer>> open(SandboxHandle sandbox, std::string path,
                                           FileOptions options, std::string what);

  /// The rest of an answer that is packed.
  Awaitable<Outcome<std::uint64_t>> unpack(net::HttpAnswer answer, SandboxHandle sandbox,
                                           std::uint64_t limit,
                                           std::function<Status(std::string_view)> sink,
                                           std::string what);

  const AgentCalls& calls_;
};

}  // namespace genesis::launch::e2b
