#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "evaluators/command_planner.h"
#include "evaluators/evaluator_watch.h"
#include "genesis/base/error.h"
#include "genesis/evolve/run_config.h"
#include "genesis/evolve/seed_queue.h"
#include "genesis/run/epoch_decision.h"
#include "genesis/store/epochs.h"
#include "genesis/store/run_store.h"

namespace genesis::run {

/// A run's epochs (store/epochs.h): which one a start goes on with or begins, and what the store
/// must know of that before anything is evaluated. Blocking; the owner's thread.
class EvaluatorEpochs {
 public:
  /// For runs whose evaluator is no file.
  EvaluatorEpochs() = default;

  struct Request {
    evaluators::IdentitySources sources;
    std::string legacy_hash;
    std::filesystem::path run_dir;
    bool resumed = false;
    launch::OnEvaluatorChange policy = launch::OnEvaluatorChange::refuse;
    std::int64_t now_millis = 0;
  };
  /// Looks at the evaluator and decides. Errors: `conflict` when it has changed and that is
  /// refused (which file, what to do), what looking at the files says, a damaged record.
  static Result<EvaluatorEpochs> enter(store::RunStore& store, Request request);

  /// Where the present epoch begins.
  std::int64_t first_generation() const;
  std::int64_t number() const { return epochs_.empty() ? 1 : epochs_.back().number; }
  const std::string& hash() const { return hash_; }
  /// This start begins an epoch.
  bool begins() const { return decision_.move == EpochMove::begin; }
  bool attempts_lost() const { return decision_.attempts_lost; }
  /// Programs evaluated again over all epochs; they do not count against the run's limits.
  std::int64_t rescored() const;
  /// What the epoch that begins starts from. Once.
  Result<std::vector<evolve::Seed>> choose_seeds(store::RunStore& store, int top);
  /// A line for people about what has been found; empty when there is nothing to say.
  std::string notice() const;

  /// Queues what the store must know, as part of the group that the caller hands over.
  void put(store::RunStore& store) const;
  bool has_something_to_put() const { return decision_.move != EpochMove::none; }
  /// To be asked before each record; null where the evaluator is no file.
  evaluators::EvaluatorWatch* watch() const { return watch_.get(); }

 private:
  std::filesystem::path run_dir_;
  EpochDecision decision_;
  std::vector<store::Epoch> epochs_;  // the present one last, as it is to be
  std::vector<store::Epoch> before_;  // as the store has them
  std::string hash_;
  std::unique_ptr<evaluators::FileWatch> watch_;
};

/// What an evaluator is made of: never the programs that the run starts from, nor its folder.
evaluators::IdentitySources identity_of(const evaluators::CommandPlanner& planner,
                                        const EvolutionConfig& evo,
                                        const std::filesystem::path& run_dir);

/// Moves best/ of an earlier epoch to best_epoch_<n>/, once.
void set_aside_best(const std::filesystem::path& run_dir, std::int64_t epoch);

/// What a person can do about an evaluator that has changed.
std::string evaluator_remedy(const std::filesystem::path& run_dir);

}  // namespace genesis::run
