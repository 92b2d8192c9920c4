#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "genesis/evolve/run_config.h"
#include "genesis/ui/status.h"

namespace genesis::evolve {

/// What the stop conditions look at.
struct Progress {
  std::int64_t generations = 0;  ///< Recorded beyond generation 0.
  std::int64_t evaluations = 0;  ///< Recorded, generation 0 included.
  std::chrono::milliseconds elapsed{0};
  std::optional<double> best_score;
  std::int64_t best_generation = 0;
  std::int64_t fruitless_proposals = 0;  ///< In a row, without an evaluation.
};

/// The first condition that holds, or StopReason::none. Composable: each is independent.
StopReason stop_reason(const EvolutionConfig& config, std::int64_t target_generations,
                       const Progress& progress);

/// How many more evaluations may be started without overshooting a counted limit.
std::int64_t evaluations_left(const EvolutionConfig& config, std::int64_t target_generations,
                              const Progress& progress);

}  // namespace genesis::evolve
