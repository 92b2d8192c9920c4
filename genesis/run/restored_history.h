#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "genesis/base/error.h"
#include "genesis/evolve/known_programs.h"
#include "genesis/evolve/population.h"
#include "genesis/evolve/results_sink.h"
#include "genesis/run/evolution_run.h"
#include "genesis/store/run_store.h"

namespace genesis::run {

/// What an earlier session's programs leave in memory beside the population.
struct RestoredHistory {
  store::LoadedRun loaded;
  evolve::KnownPrograms known_programs;          ///< Of this epoch, with their generations.
  std::map<std::string, std::int64_t> outcomes;  ///< Programs per outcome, of all epochs.
  double initial_score = 0;                      ///< Of the epoch's first generation.
};

/// Reads a store once and rebuilds the indexes that a run works with: `population` (empty before)
/// and what is returned. Errors are those of the store. Blocking; the owner's thread.
Result<RestoredHistory> restore_history(store::RunStore& store, evolve::Population& population);

/// What publishing a recorded generation takes; nothing where the store cannot say.
std::optional<evolve::PublishOrder> publish_order_of(store::RunStore& store,
                                                     std::int64_t generation);

/// Folders of attempts, as launch::attempt_folder names them, that a launcher may still collect.
std::set<std::filesystem::path> folders_in_flight(const store::LoadedRun& loaded);

/// The best program, with the file where it is published.
BestProgram published_best(store::RunStore& store, const evolve::Member& best,
                           const std::filesystem::path& run_dir, const std::string& extension);

}  // namespace genesis::run
