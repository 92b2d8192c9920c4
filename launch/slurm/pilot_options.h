#pragma once

#include <chrono>
#include <string>

#include "genesis/base/option_reader.h"
#include "launch/job.h"
#include "launch/registry.h"

namespace genesis::launch::slurm {

/// What is kept free before a pilot's end, beyond an evaluation's own limit.
inline constexpr std::chrono::milliseconds kPilotEndMargin{15'000};

/// How allocations are held for many evaluations (`slurm.mode: pilot`); keys `slurm.pilot_*`.
struct PilotOptions {
  int nodes = 1;        ///< Of one allocation.
  int slots = 0;        ///< Evaluations at a time on one node; 0: as many as may run, at most 8.
  int allocations = 0;  ///< At a time; 0: as many as `max_parallel_jobs` needs.
  std::chrono::milliseconds time = std::chrono::hours{4};     ///< What each is asked for.
  std::chrono::milliseconds idle = std::chrono::minutes{5};   ///< Without work, before it is ended.
  std::chrono::milliseconds lease = std::chrono::minutes{1};  ///< Silence that workers bear.
  /// What evaluations get to end when the runner has gone.
  std::chrono::milliseconds grace = std::chrono::seconds{30};
  std::string worker;  ///< The `genesis` of the nodes; empty: the one beside this program.
  WarmStarts warm = WarmStarts::when_ready;
};

/// What `slots: 0` and `allocations: 0` mean.
int slots_per_node(const PilotOptions& options, int max_parallel_jobs);
int most_pilots(const PilotOptions& options, int max_parallel_jobs);

/// Reads the keys; throws OptionException.
void read_pilot_options(OptionReader& reader, PilotOptions& options);
/// Whether an evaluation fits into an allocation at all; throws OptionException.
void check_pilot_time(const OptionReader& reader, const PilotOptions& options,
                      const Limits& limits);

}  // namespace genesis::launch::slurm
