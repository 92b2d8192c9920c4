#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace genesis::envd {

/// What GET /metrics says. In a sandbox (first process of its pid namespace) processor and memory
/// are those of its processes, else the machine's. I/O thread only.
class MachineMetrics {
 public:
  struct Limits {
    std::optional<std::uint64_t> memory_bytes;
    std::optional<double> cpus;
  };
  MachineMetrics(bool in_sandbox, Limits limits, std::string disk_path);
  /// The JSON. The processor's share is that since the last call (the first: since the start).
  std::string read();

 private:
  struct Cpu {
    double used_seconds = 0;
    double all_seconds = 0;  ///< Of one processor.
  };
  Cpu cpu_now() const;

  bool in_sandbox_;
  Limits limits_;
  std::string disk_path_;
  Cpu last_;
};

}  // namespace genesis::envd
