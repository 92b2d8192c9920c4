#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "genesis/base/error.h"
#include "genesis/evolve/known_programs.h"
#include "genesis/evolve/population.h"
#include "genesis/store/run_store.h"

namespace genesis::run {

/// What an earlier session's programs leave in memory beside the population.
struct RestoredHistory {
  store::LoadedRun loaded;
  evolve::KnownPrograms known_programs;          ///< With their generations.
  std::map<std::string, std::int64_t> outcomes;  ///< Programs per outcome.
  double initial_score = 0;                      ///< Of generation 0.
};

/// Reads a store once and rebuilds the indexes that a run works with: `population` (empty before)
/// and what is returned. Errors are those of the store. Blocking; the owner's thread.
Result<RestoredHistory> restore_history(store::RunStore& store, evolve::Population& population);

}  // namespace genesis::run
