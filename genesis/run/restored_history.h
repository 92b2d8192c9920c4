#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "genesis/base/error.h"
#include "genesis/evolve/population.h"
#include "genesis/store/run_store.h"

namespace genesis::run {

/// What an earlier session's programs leave in memory beside the population.
struct RestoredHistory {
  store::LoadedRun loaded;
  std::unordered_map<std::string, std::int64_t> known_programs;  ///< key → generation
  std::map<std::string, std::int64_t> outcomes;                  ///< Programs per outcome.
  double initial_score = 0;                                      ///< Of generation 0.
  std::unordered_map<std::int64_t, std::int64_t> generation_of;  ///< By evaluation.
};

/// Reads a store once and rebuilds the indexes that a run works with: `population` (empty before)
/// and what is returned. Errors are those of the store. Blocking; the owner's thread.
Result<RestoredHistory> restore_history(store::RunStore& store, evolve::Population& population);

}  // namespace genesis::run
