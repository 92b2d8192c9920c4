#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/slurm/slurm_output.h"

namespace genesis::launch::slurm {

/// One job with all that people ask about it, as squeue lists it. Times are SLURM's, of the
/// cluster's clock ("2026-11-22T06:30:22"); empty where it says "N/A".
struct JobRow {
  std::string id;
  JobState state = JobState::unknown;
  std::string state_name;
  std::string reason;
  std::string partition;  ///< Several by commas while it waits for whichever is free first.
  std::string nodes;
  std::string submitted;
  std::string start;  ///< When it began; of one that waits: SLURM's estimate.
  std::string used;   ///< "0:02"
  std::string limit;  ///< "5:00", "1-00:00:00", "UNLIMITED"
  int cpus = 0;
  int node_count = 0;
  std::string memory;  ///< As it was asked for: "100M"; "0": nobody said.
  std::string name;
  std::string work_dir;
};
inline constexpr const char* kListingFormat = "%i|%T|%r|%P|%N|%V|%S|%M|%l|%C|%D|%m|%j|%Z";
/// Lines that are none of that format are left out.
std::vector<JobRow> parse_listing(std::string_view output);

/// A partition's limits.
struct PartitionRow {
  std::string name;
  bool is_default = false;
  std::string state;           ///< "UP"
  std::string max_time;        ///< "UNLIMITED", "1-00:00:00"
  std::string default_time;    ///< "NONE": max_time.
  std::string max_nodes;       ///< "UNLIMITED", "1"
  std::string default_memory;  ///< "100 MB per processor", "… per node"; empty: all of a node.
  int total_nodes = 0;
  int total_cpus = 0;
};
/// `scontrol --oneliner show partition`
std::vector<PartitionRow> parse_partitions(std::string_view output);

/// What holds for the whole cluster.
struct SiteConfig {
  std::string cluster;
  std::string version;  ///< "22.05.8"; empty: it did not say.
  /// How many tasks an array may have; 0: there are no arrays.
  std::optional<int> max_array_size;
  std::optional<int> max_job_count;  ///< Of all users, at a time.
  std::string accounting;            ///< "accounting_storage/none"
  bool has_accounting() const { return !accounting.empty() && !accounting.ends_with("/none"); }
};
/// `scontrol show config`; nothing when that is no configuration.
std::optional<SiteConfig> parse_site_config(std::string_view output);

/// "slurm-wlm 22.05.8", "slurm 24.11.1": the version.
std::string parse_version(std::string_view output);

/// `sbatch --test-only`: when such a job would start.
std::optional<std::string> parse_test_only(std::string_view output);

/// SLURM's spelling of a time ("5:00", "1-00:00:00", "30") in seconds; none for UNLIMITED and the
/// like.
std::optional<long long> listed_seconds(std::string_view text);

/// Whether SLURM's commands find no configuration here (no slurm.conf, no answer to its DNS
/// record).
bool lacks_configuration(std::string_view errors);

}  // namespace genesis::launch::slurm
