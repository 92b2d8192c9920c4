#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/slurm/slurm_config.h"
#include "launch/slurm/slurm_output.h"

namespace genesis::launch::slurm {

/// Whether the run's folder is shared with the nodes: one small job reads a file that was written
/// here, writes one, and waits for an answer to it. All of this is free of I/O; ProbeRun carries it
/// out.
enum class ProbeResult { shared, not_shared, unknown };

/// What came of it.
struct ProbeVerdict {
  ProbeResult result = ProbeResult::unknown;
  std::string text;  ///< For people: which path, which node, what to do.
};

/// What the job has written at its end.
struct ProbeAnswer {
  std::string node;
  /// From a file written there, seen here and answered, to the answer seen there.
  std::chrono::milliseconds round_trip{0};
};

/// The batch script. `folder` is the probe's own, below the run's; `nonce` is what its file `ask`
/// holds. `tries`: how often it looks for that file, each 0.4 s after the last.
std::string probe_script(const std::filesystem::path& folder, std::string_view nonce,
                         int tries = 8);
/// Placed as the run's jobs are, with as little as may be.
std::vector<std::string> probe_sbatch(const SlurmOptions& options, const std::string& name,
                                      const std::filesystem::path& script);

/// The file `answer`; nothing where that is not this probe's, or not whole.
std::optional<ProbeAnswer> parse_probe_answer(std::string_view text, std::string_view nonce);
ProbeVerdict shared_verdict(const ProbeAnswer& answer, std::chrono::milliseconds file_wait);
/// Of a job that is over and whose answer was not seen.
ProbeVerdict verdict_of_end(const JobReport& report, const std::filesystem::path& run_folder);

/// A file of earlier probes, by key: {"<key>": {"at": ms, "node": …, "round_trip_ms": …}}.
std::optional<ProbeAnswer> remembered_probe(std::string_view file, const std::string& key,
                                            std::int64_t now_millis,
                                            std::chrono::milliseconds how_long);
/// The file with one more; what is old or cannot be read is left out.
std::string remember_probe(std::string_view file, const std::string& key, const ProbeAnswer& answer,
                           std::int64_t now_millis);
/// Folders beside each other are on one file system: where the run's folder is, and the partition.
std::string probe_key(const std::filesystem::path& run_folder, const std::string& partition,
                      const std::string& configuration);

}  // namespace genesis::launch::slurm
