#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/bench/bare_http.h"

namespace genesis::bench {

/// A sandbox as a client knows it.
struct MadeSandbox {
  std::string id;
  std::string token;

  /// What every request to its agent carries.
  Headers routing() const;
};

/// A `genesis sandboxd` of the program beside this one, on a free port, ended with its sandboxes
/// by the destructor. Throws std::runtime_error where it does not start.
class SandboxdProcess {
 public:
  /// `config`: what its configuration file says, with a team that has key(); empty: none.
  explicit SandboxdProcess(const std::filesystem::path& folder, const std::string& config = {});
  ~SandboxdProcess();
  SandboxdProcess(const SandboxdProcess&) = delete;
  SandboxdProcess& operator=(const SandboxdProcess&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url() const;
  static const char* key();

  MadeSandbox create(BareHttp& http) const;
  void kill(BareHttp& http, const MadeSandbox& sandbox) const;

  std::size_t open_descriptors() const;
  /// "VmRSS" or "VmHWM" of the server, in MB (10^6 bytes).
  double memory(const std::string& field) const;
  /// Resident, of the sandboxes' first processes, in MB.
  double memory_of_agents() const;
  /// The greatest resident memory is counted from now on.
  void reset_peak_memory() const;

  /// What there is of sandboxes: listed ones, folders, agents and children of the server; a line
  /// each, none when nothing is left.
  std::vector<std::string> remains(BareHttp& http) const;

 private:
  void start(const std::filesystem::path& program);
  std::string log() const;

  std::filesystem::path folder_;
  std::filesystem::path state_;
  pid_t pid_ = -1;
  std::string scheme_;
  std::uint16_t port_ = 0;
};

}  // namespace genesis::bench
