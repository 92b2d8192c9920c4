#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "launch/e2b/agent_calls.h"
#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

/// Files of sandboxes. On the loop's thread. `user` empty: the template's.
class FilesClient {
 public:
  explicit FilesClient(const AgentCalls& calls) : calls_(calls) {}

  Awaitable<Outcome<void>> write(SandboxHandle sandbox, std::string path, std::string content,
                                 std::string user);
  Awaitable<Outcome<void>> upload(SandboxHandle sandbox, std::string path,
                                  std::filesystem::path from, std::string user);
  Awaitable<Outcome<std::string>> read(SandboxHandle sandbox, std::string path, std::size_t limit,
                                       std::string user);
  Awaitable<Outcome<std::uint64_t>> download(SandboxHandle sandbox, std::string path,
                                             std::filesystem::path to, std::uint64_t limit,
                                             std::string user);

 private:
  /// A POST of /files, whose body is still to be set between `before` and `after`.
  net::HttpCall upload_call(const SandboxHandle& sandbox, const std::string& path,
                            const std::string& user, std::string& before, std::string& after) const;
  Awaitable<Outcome<void>> send(net::HttpCall call, SandboxHandle sandbox, std::string what);
  Awaitable<Outcome<net::HttpAnswer>> open(SandboxHandle sandbox, std::string path,
                                           std::string user, std::string what);

  const AgentCalls& calls_;
};

}  // namespace genesis::launch::e2b
