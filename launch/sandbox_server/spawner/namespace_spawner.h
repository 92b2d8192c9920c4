#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "launch/sandbox_server/sandbox_spawner.h"
#include "launch/sandbox_server/spawner/sandbox_groups.h"
#include "launch/sandbox_server/spawner/userland.h"

namespace genesis::sandbox_server {

/// Sandboxes as processes of this machine in namespaces of their own (mounts, process numbers, IPC,
/// host name), over its userland. By root, or by anybody whom the kernel lets make user namespaces.
class NamespaceSpawner final : public SandboxSpawner {
 public:
  /// `agent`: the file genesis-envd. Errors: `unsupported` (this machine cannot, with the remedy),
  /// `io`. Blocking. `io` must outlive the spawner.
  static Result<std::unique_ptr<NamespaceSpawner>> open(boost::asio::io_context& io,
                                                        const std::filesystem::path& agent);
  /// genesis-envd beside the running program. Error `not_found`.
  static Result<std::filesystem::path> find_agent();

  boost::asio::awaitable<Result<LiveSandbox>> start(const SandboxSpec& spec) override;
  Result<LiveSandbox> adopt(const SandboxSpec& spec, pid_t pid, std::uint64_t start_ticks) override;
  boost::asio::awaitable<SandboxEnd> end(LiveSandbox& sandbox) override;
  boost::asio::awaitable<SandboxEnd> sweep(const SandboxSpec& spec) override;
  Status freeze(LiveSandbox& sandbox) override;
  Status thaw(LiveSandbox& sandbox) override;
  SandboxUsage usage(const LiveSandbox& sandbox) override;
  bool ran_out_of_memory(const LiveSandbox& sandbox) override;
  bool owns_listener(const LiveSandbox& sandbox, std::uint16_t port) override;
  std::vector<std::string> warnings() const override;

 private:
  struct Half;
  NamespaceSpawner(boost::asio::io_context& io, Privilege privilege, Userland userland, Fd agent);
  Result<Half> begin(const SandboxSpec& spec);
  Status let_in(const Half& half) const;
  boost::asio::awaitable<Status> wait_for_report(Half& half);
  boost::asio::awaitable<std::string> clear(std::string id, std::filesystem::path folder);
  std::vector<pid_t> processes_of(const LiveSandbox& sandbox) const;

  boost::asio::io_context& io_;
  Privilege privilege_;
  Userland userland_;
  Fd agent_;  ///< A sealed copy in memory: nothing in a sandbox can change it.
  SandboxGroups groups_;
  boost::asio::thread_pool removers_{4};
};

}  // namespace genesis::sandbox_server
