#include "genesis/evolve/stop_conditions.h"

#include <algorithm>

namespace genesis::evolve {

StopReason stop_reason(const EvolutionConfig& config, std::int64_t target_generations,
                       const Progress& progress) {
  if (config.target_score && progress.best_score && *progress.best_score >= *config.target_score) {
    return StopReason::target_score;
  }
  if (progress.generations >= target_generations) return StopReason::generations;
  if (config.max_evaluations && progress.evaluations >= *config.max_evaluations) {
    return StopReason::evaluations;
  }
  if (config.max_wall_time && progress.elapsed >= *config.max_wall_time)
    return StopReason::wall_time;
  if (config.patience && progress.best_score &&
      progress.generations - progress.best_generation >= *config.patience) {
    return StopReason::patience;
  }
  if (progress.fruitless_proposals >= config.max_proposals_in_a_row) return StopReason::exhausted;
  return StopReason::none;
}

std::int64_t evaluations_left(const EvolutionConfig& config, std::int64_t target_generations,
                              const Progress& progress) {
  std::int64_t left = target_generations - progress.generations;
  if (config.max_evaluations) left = std::min(left, *config.max_evaluations - progress.evaluations);
  return std::max<std::int64_t>(left, 0);
}

}  // namespace genesis::evolve
