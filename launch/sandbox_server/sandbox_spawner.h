#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"

namespace genesis::sandbox_server {

/// What one sandbox may use. Absent: no limit of ours.
struct SandboxLimits {
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> processes;
  std::optional<double> cpus;  ///< 1.5: one and a half processors.
};

/// What a sandbox is made of. Plain data; the same spec is given again to adopt it.
struct SandboxSpec {
  std::string id;                ///< [a-z0-9]+, unique among those that live.
  std::filesystem::path folder;  ///< Its own, absolute; made by start(), removed by end().
  std::string template_name;
  std::map<std::string, std::string> environment;  ///< Of every command in it.
  std::string access_token;                        ///< The agent asks for it; empty: it does not.
  std::string default_user = "user";
  SandboxLimits limits;
};

/// One running sandbox. `pid` and `start_ticks` are those of its first process as the host sees it
/// and identify it over a restart of the server; `pidfd` becomes readable when it has ended.
struct LiveSandbox {
  std::string id;
  std::filesystem::path folder;
  std::filesystem::path socket;  ///< Where its agent answers HTTP: <folder>/envd.sock.
  pid_t pid = -1;
  std::uint64_t start_ticks = 0;  ///< As in /proc/<pid>/stat.
  Fd pidfd;
  std::vector<std::filesystem::path> cgroups;
  SandboxLimits limits;  ///< Those that are enforced here.
};

/// What end() found. `exit_code` and `signal` are known only to the server that started it.
struct SandboxEnd {
  std::optional<int> exit_code;
  std::optional<int> signal;
  bool out_of_memory = false;  ///< The kernel killed a process of it for memory.
  std::string left_behind;     ///< Empty; else what could not be removed, and why.
};

/// What a sandbox uses now. Absent: cannot be known on this machine.
struct SandboxUsage {
  std::optional<double> cpu_seconds;          ///< Since its start, all processes.
  std::optional<std::uint64_t> memory_bytes;  ///< Page cache included where a cgroup counts it.
  std::optional<std::uint64_t> cache_bytes;   ///< Of these, files that could be read again.
  std::optional<std::uint64_t> processes;
};

/// Starts, freezes and ends sandboxes. I/O thread only; the awaitables run on the loop that awaits
/// them. A terminal cancellation of start() leaves nothing behind.
class SandboxSpawner {
 public:
  virtual ~SandboxSpawner() = default;

  /// Makes the folder and starts the agent in it; returns once the agent answers on its socket.
  /// Errors leave nothing behind: `unavailable` (processes, memory, disk short: try again),
  /// `unsupported` (this machine cannot, with the remedy), `io`, `timeout` (the agent is silent).
  virtual boost::asio::awaitable<Result<LiveSandbox>> start(const SandboxSpec& spec) = 0;

  /// Takes over what an earlier server started. `not_found`: it has ended meanwhile, or the pid is
  /// another process's; the caller then calls sweep().
  virtual Result<LiveSandbox> adopt(const SandboxSpec& spec, pid_t pid,
                                    std::uint64_t start_ticks) = 0;

  /// Kills every process, waits for their end, removes control groups and folder. For one that has
  /// ended by itself too. Never fails; what is left is said.
  virtual boost::asio::awaitable<SandboxEnd> end(LiveSandbox& sandbox) = 0;

  /// Removes what a half-made or dead sandbox of this folder left: processes, control groups, the
  /// folder. For the start of a server that was killed.
  virtual boost::asio::awaitable<SandboxEnd> sweep(const SandboxSpec& spec) = 0;

  /// `unsupported` with the reason where this machine cannot freeze.
  virtual Status freeze(LiveSandbox& sandbox) = 0;
  virtual Status thaw(LiveSandbox& sandbox) = 0;

  virtual SandboxUsage usage(const LiveSandbox& sandbox) = 0;
  /// Whether the kernel has killed a process of it for memory since its start.
  virtual bool ran_out_of_memory(const LiveSandbox& sandbox) = 0;

  /// Whether a process of this sandbox listens on the TCP port. All sandboxes share
  /// the host's network, so a port alone says nothing.
  virtual bool owns_listener(const LiveSandbox& sandbox, std::uint16_t port) = 0;

  /// What is not confined on this machine and what is not enforced, one line each; printed at
  /// start.
  virtual std::vector<std::string> warnings() const = 0;
};

}  // namespace genesis::sandbox_server
