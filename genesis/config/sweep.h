#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "genesis/config/override.h"

namespace genesis::config {

/// More jobs than this are refused: a slip of the pen, not a sweep.
inline constexpr std::size_t kMaxSweepJobs = 100'000;

/// The options of a group, in order; empty when there is no such group.
using GroupOptions = std::function<std::vector<std::string>(const std::string& group)>;

/// The values that an argument sweeps over, as they stand behind the '=' in each job's arguments.
/// Throws ConfigError (composition) for interval(), which has no end of values, and for more than
/// `most` of a range.
///
/// shuffle() orders by the values alone: the same argument gives the same order always, so that the
/// same sweep can be continued. (Hydra's order differs from call to call.)
std::vector<std::string> sweep_values(const Override& override, const GroupOptions& options,
                                      std::size_t most = kMaxSweepJobs);

/// The arguments of every job, as Hydra's basic sweeper makes them: the product of all values, the
/// last argument varying fastest. An argument for a key that was there already replaces its values
/// and keeps its place. Throws ConfigError (composition).
std::vector<std::vector<std::string>> sweep_jobs(const std::vector<Override>& overrides,
                                                 const GroupOptions& options);

}  // namespace genesis::config
