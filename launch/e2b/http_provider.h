#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "genesis/net/http_client.h"
#include "launch/e2b/addressing.h"
#include "launch/e2b/agent_calls.h"
#include "launch/e2b/control_client.h"
#include "launch/e2b/files_client.h"
#include "launch/e2b/folders_client.h"
#include "launch/e2b/process_client.h"
#include "launch/e2b/provider.h"
#include "launch/e2b/provider_limits.h"
#include "launch/e2b/templates_client.h"

namespace genesis::launch::e2b {

/// E2B's wire: the cloud's, a self-hosted one's, OpenKruise's, ours. On the loop's thread; streams
/// must end before this does. What the interface has no need of is at the clients behind it.
class HttpProvider final : public Provider {
 public:
  HttpProvider(boost::asio::io_context& io, Addressing addressing, ProviderLimits limits = {});

  Awaitable<Outcome<SandboxHandle>> create(NewSandbox what) override;
  Awaitable<Outcome<SandboxHandle>> connect(std::string id, std::chrono::seconds lifetime) override;
  Awaitable<Outcome<std::vector<SandboxInfo>>> list(
      std::map<std::string, std::string> metadata) override;
  Awaitable<Outcome<SandboxInfo>> info(std::string id) override;
  Awaitable<Outcome<bool>> kill(std::string id) override;
  Awaitable<Outcome<void>> set_lifetime(std::string id, std::chrono::seconds lifetime) override;
  Awaitable<Outcome<std::string>> snapshot(std::string id, std::string name) override;
  Awaitable<Outcome<bool>> delete_snapshot(std::string id) override;
  Awaitable<Outcome<void>> write_file(SandboxHandle sandbox, std::string path, std::string content,
                                      std::string user) override;
  Awaitable<Outcome<void>> write_files(SandboxHandle sandbox, std::vector<FileText> files,
                                       std::string user) override;
  Awaitable<Outcome<void>> upload_file(SandboxHandle sandbox, std::string path,
                                       std::filesystem::path from, std::string user) override;
  Awaitable<Outcome<std::string>> read_file(SandboxHandle sandbox, std::string path,
                                            std::size_t limit, std::string user) override;
  Awaitable<Outcome<std::uint64_t>> download_file(SandboxHandle sandbox, std::string path,
                                                  std::filesystem::path to, std::uint64_t limit,
                                                  std::string user) override;
  Awaitable<Outcome<std::unique_ptr<CommandStream>>> start(SandboxHandle sandbox,
                                                           RemoteCommand command) override;
  Awaitable<Outcome<std::unique_ptr<CommandStream>>> follow(SandboxHandle sandbox,
                                                            std::int64_t pid) override;
  Awaitable<Outcome<CommandAnswer>> run(SandboxHandle sandbox, RemoteCommand command,
                                        std::size_t limit) override;
  Awaitable<Outcome<bool>> signal(SandboxHandle sandbox, std::int64_t pid, bool kill) override;

  ControlClient& control() { return control_; }
  TemplatesClient& templates() { return templates_; }
  ProcessClient& processes() { return processes_; }
  FilesClient& files() { return files_; }
  FoldersClient& folders() { return folders_; }
  const AgentCalls& agent() const { return calls_; }
  const Addressing& addressing() const { return addressing_; }

 private:
  const Addressing addressing_;
  const ProviderLimits limits_;
  net::HttpClient http_;
  ControlCalls control_calls_;
  ControlClient control_;
  TemplatesClient templates_;
  AgentCalls calls_;
  ProcessClient processes_;
  FilesClient files_;
  FoldersClient folders_;
};

}  // namespace genesis::launch::e2b
