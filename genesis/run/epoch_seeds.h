#pragma once

#include <vector>

#include "genesis/base/error.h"
#include "genesis/evolve/seed_queue.h"
#include "genesis/store/epochs.h"
#include "genesis/store/run_store.h"

namespace genesis::run {

/// What a new epoch starts from: the run's initial program, then the best `top` of the epoch
/// `before`, then, as far as there are fewer, what that one started from itself. All are to be
/// evaluated again. `seeds_before`: what the epoch before started from, empty for one seed file.
/// Reads the programs of that epoch once. Errors are the store's. Blocking; the owner's thread.
Result<std::vector<evolve::Seed>> choose_epoch_seeds(store::RunStore& store,
                                                     const store::Epoch& before, int top,
                                                     std::vector<evolve::Seed> seeds_before);

}  // namespace genesis::run
