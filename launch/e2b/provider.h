#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "launch/e2b/failure.h"

namespace genesis::launch::e2b {

template <typename T>
using Awaitable = boost::asio::awaitable<T>;

/// Which traffic a sandbox may have, as the protocol has it; absent: as the provider has it.
/// Domains in `allow_out` need "0.0.0.0/0" in `deny_out`; what is allowed goes before what is
/// denied.
struct NetworkRules {
  std::optional<std::vector<std::string>> allow_out;  ///< Ranges, addresses, domains, "*.domain".
  std::optional<std::vector<std::string>> deny_out;   ///< Ranges and addresses.
  std::optional<std::vector<std::string>> dns_servers;
  /// Headers that are set on requests to a domain. Values may be secret: never logged.
  std::map<std::string, std::map<std::string, std::string>> headers;
  std::string proxy;  ///< "host:port" of a SOCKS5 proxy; empty: none.
  std::string proxy_user, proxy_password;

  NetworkRules() = default;  // Crosses awaits: not an aggregate (g++ 12), like those below.
};

/// What a sandbox is made with.
struct NewSandbox {
  std::string sandbox_template = "base";
  std::chrono::seconds lifetime{300};  ///< From now; the provider ends the sandbox then.
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> environment;
  std::optional<bool> secure;                 ///< Absent: as the provider has it.
  std::optional<bool> allow_internet_access;  ///< Absent: as the provider has it.
  bool pause_at_end = false;                  ///< At the end of its life: paused, not killed.
  std::optional<bool> resume_by_traffic;      ///< A paused one goes on when somebody asks it.
  std::optional<NetworkRules> network;
  std::optional<bool> public_traffic;  ///< False: its ports ask for the traffic token.
  std::string request_host;            ///< The Host that its programs see; "${PORT}" in it.
  /// Two creations with one key make one sandbox, where the provider knows keys: [a-z0-9-]{1,255}.
  /// Empty: none.
  std::string idempotency_key;

  NewSandbox() = default;
};

/// A sandbox to talk to: who it is and what its agent asks for.
struct SandboxHandle {
  std::string id;
  std::string access_token;   ///< Empty: the agent asks for none. Never logged or stored.
  std::string traffic_token;  ///< For ports of the sandbox's own programs.
  std::string agent_version;
  std::string domain;  ///< Replaces the configured one where the provider says so.

  SandboxHandle() = default;
};

enum class SandboxState { running, paused };

/// What the provider tells of a sandbox.
struct SandboxInfo {
  std::string id;
  std::string sandbox_template;
  std::string alias;  ///< The template's name, where the provider tells it.
  SandboxState state = SandboxState::running;
  std::chrono::system_clock::time_point started_at;
  std::chrono::system_clock::time_point ends_at;
  int cpus = 0;
  std::uint64_t memory_mb = 0;
  std::map<std::string, std::string> metadata;

  SandboxInfo() = default;
};

/// A file to be, and all that is in it.
struct FileText {
  std::string path;
  std::string content;

  FileText() = default;  // Crosses awaits: not an aggregate (g++ 12).
  FileText(std::string where, std::string what)
      : path(std::move(where)), content(std::move(what)) {}
};

/// A command in a sandbox: argv without a shell.
struct RemoteCommand {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  std::string cwd;   ///< Empty: the user's home.
  std::string user;  ///< Empty: the template's.
  /// The agent ends the command then; absent: never. A cut connection does not end it.
  std::optional<std::chrono::milliseconds> time_limit;
  bool wants_stdin = false;

  RemoteCommand() = default;
};

/// How a command ended, as its agent says.
struct CommandEnd {
  int exit_code = 0;  ///< -1: by a signal.
  bool exited = true;
  std::string status;  ///< "exit status 3", "signal: killed"

  CommandEnd() = default;
};

/// What comes from a running command.
struct CommandPiece {
  enum class Kind { output, error_output, terminal, end };
  Kind kind = Kind::output;
  std::string bytes;
  CommandEnd end;

  CommandPiece() = default;
};

/// A running command's stream. Closing it (destruction) leaves the command alone.
class CommandStream {
 public:
  virtual ~CommandStream() = default;
  /// Valid in the sandbox.
  virtual std::int64_t pid() const = 0;
  /// The next piece; the last one is `end`. Errors: the stream was cut (`broken`, the command may
  /// go on), the sandbox is gone, the time limit ended the command (`deadline`).
  virtual Awaitable<Outcome<CommandPiece>> next() = 0;
};

/// A command's whole answer, each text up to the limit that was asked for.
struct CommandAnswer {
  CommandEnd end;
  std::string output;
  std::string error_output;
  bool truncated = false;

  CommandAnswer() = default;
};

/// One account at one address that makes sandboxes and talks to those that it has made: the wire of
/// E2B behind one interface, so that the launcher can be tested without it.
///
/// On the I/O loop's thread. Every call has a deadline of its own (ProviderLimits); a terminal
/// cancellation ends it. Failures are typed (failure.h); nothing is tried again but what the
/// protocol allows (429 with Retry-After, connections that could not be made).
class Provider {
 public:
  virtual ~Provider() = default;

  virtual Awaitable<Outcome<SandboxHandle>> create(NewSandbox what) = 0;
  /// A running one again, or a paused one resumed; never shortens its life.
  virtual Awaitable<Outcome<SandboxHandle>> connect(std::string id,
                                                    std::chrono::seconds lifetime) = 0;
  /// Those whose metadata have all of `metadata`, all pages.
  virtual Awaitable<Outcome<std::vector<SandboxInfo>>> list(
      std::map<std::string, std::string> metadata) = 0;
  virtual Awaitable<Outcome<SandboxInfo>> info(std::string id) = 0;
  /// False: there was none.
  virtual Awaitable<Outcome<bool>> kill(std::string id) = 0;
  /// Its life from now on.
  virtual Awaitable<Outcome<void>> set_lifetime(std::string id, std::chrono::seconds lifetime) = 0;

  /// Makes of a running sandbox something that others can be made from, as from a template. Returns
  /// its id. Errors: `refused` and `not_found` where the provider cannot.
  virtual Awaitable<Outcome<std::string>> snapshot(std::string id, std::string name) = 0;
  /// False: there was none.
  virtual Awaitable<Outcome<bool>> delete_snapshot(std::string id) = 0;

  /// Writes a file with the folders above it. `user` empty: the template's.
  virtual Awaitable<Outcome<void>> write_file(SandboxHandle sandbox, std::string path,
                                              std::string content, std::string user) = 0;
  /// The same with several, in one request. After a failure some may be there.
  virtual Awaitable<Outcome<void>> write_files(SandboxHandle sandbox, std::vector<FileText> files,
                                               std::string user) = 0;
  /// The same from a file of this machine, streamed.
  virtual Awaitable<Outcome<void>> upload_file(SandboxHandle sandbox, std::string path,
                                               std::filesystem::path from, std::string user) = 0;
  /// A whole small file. Errors: `not_found`, `too_large`.
  virtual Awaitable<Outcome<std::string>> read_file(SandboxHandle sandbox, std::string path,
                                                    std::size_t limit, std::string user) = 0;
  /// Streams a file to this machine, under a temporary name first. Returns its bytes. Errors:
  /// `not_found`, `too_large` (nothing is left here then).
  virtual Awaitable<Outcome<std::uint64_t>> download_file(SandboxHandle sandbox, std::string path,
                                                          std::filesystem::path to,
                                                          std::uint64_t limit,
                                                          std::string user) = 0;

  /// Starts a command; the stream's first message has come when this returns.
  virtual Awaitable<Outcome<std::unique_ptr<CommandStream>>> start(SandboxHandle sandbox,
                                                                   RemoteCommand command) = 0;
  /// Follows a running one, or one that ended a moment ago. `not_found`: the agent knows none.
  virtual Awaitable<Outcome<std::unique_ptr<CommandStream>>> follow(SandboxHandle sandbox,
                                                                    std::int64_t pid) = 0;
  /// start() and everything until its end; at most `limit` bytes of each output are kept.
  virtual Awaitable<Outcome<CommandAnswer>> run(SandboxHandle sandbox, RemoteCommand command,
                                                std::size_t limit) = 0;
  /// SIGTERM (false) or SIGKILL (true) to one process. False: there was none.
  virtual Awaitable<Outcome<bool>> signal(SandboxHandle sandbox, std::int64_t pid, bool kill) = 0;
};

}  // namespace genesis::launch::e2b
