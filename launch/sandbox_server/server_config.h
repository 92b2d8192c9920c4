#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/clock.h"
#include "genesis/base/error.h"

namespace genesis::sandbox_server {

/// Who may use the server. Sandboxes of other teams do not exist for a team.
struct TeamConfig {
  std::string name;
  std::vector<std::string> api_keys;
  std::size_t max_sandboxes = 100;  ///< Starting, paused and ending ones included.
};

/// A name that sandboxes are made from. In this version all have the host's userland.
struct TemplateConfig {
  std::string name;
  std::vector<std::string> aliases;
  int cpu_count = 2;
  std::int64_t memory_mb = 1024;
  std::map<std::string, std::string> environment;
};

/// What becomes of running sandboxes when the server is asked to end.
enum class AtStop { keep, end };

/// The server's whole configuration: defaults, then the file, then the command line.
struct ServerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 3000;
  std::filesystem::path state_dir;
  std::vector<TeamConfig> teams;
  std::vector<TemplateConfig> templates;
  std::string domain;               ///< In replies; empty: none.
  std::size_t max_sandboxes = 200;  ///< Of all teams, starting, paused and ending ones included.
  std::size_t queue_length = 100;   ///< Creates that wait for a place.
  Millis queue_wait{20'000};        ///< How long one waits before it is told to come again.
  int max_timeout_s = 2'592'000;
  AtStop at_stop = AtStop::keep;
  Millis stop_patience{10'000};  ///< Of requests in progress.
  Millis metrics_every{5'000};
  std::optional<Millis> exit_when_idle;  ///< After so long without a sandbox and a request.
  /// PEM files; both or neither. With them the server speaks TLS and nothing else.
  std::filesystem::path tls_certificate;
  std::filesystem::path tls_key;
  std::filesystem::path agent;  ///< genesis-envd; empty: beside this program.
};

/// Reads a YAML file over `config`. Errors name file and line of what is wrong, and the nearest
/// valid name.
Status read_config_file(const std::filesystem::path& path, ServerConfig& config);

/// "127.0.0.1:3000", "[::1]:3000", ":3000" (the loopback address).
Status read_listen(const std::string& text, ServerConfig& config);

/// Checks what must fit together and adds the templates that every server has.
Status complete(ServerConfig& config);

}  // namespace genesis::sandbox_server
