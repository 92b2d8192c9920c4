#include "genesis/run/evaluator_epochs.h"

#include <fmt/format.h>

#include "evaluators/hash_memory.h"
#include "genesis/base/files.h"
#include "genesis/base/home.h"
#include "genesis/base/log.h"
#include "genesis/run/epoch_seeds.h"
#include "genesis/run/seed_record.h"
#include "genesis/run/starting_programs.h"
#include "genesis/ui/progress_text.h"

namespace genesis::run {

Result<EvaluatorEpochs> EvaluatorEpochs::enter(store::RunStore& store, Request request) {
  EvaluatorEpochs self;
  self.run_dir_ = request.run_dir;
  const fs::path memory = request.run_dir / ".genesis" / "evaluator_hashes.json";
  GENESIS_TRY_ASSIGN(
      evaluators::EvaluatorManifest manifest,
      evaluators::look_at_evaluator(request.sources, evaluators::recall_hashes(memory)));
  if (const Status kept = evaluators::remember_hashes(memory, manifest); !kept) {
    log::warning("{}", kept.error().message);
  }
  self.hash_ = manifest.hash();
  RecordedEvaluator recorded;
  recorded.resumed = request.resumed;
  recorded.legacy_hash = store.meta("evaluator_hash");
  if (const auto state = store.state(store::kEpochsKey); state && request.resumed) {
    GENESIS_TRY_ASSIGN(recorded.epochs, store::decode_epochs(*state));
  }
  const std::int64_t first = recorded.epochs.empty() ? 0 : recorded.epochs.back().first_generation;
  recorded.has_programs = request.resumed && store.program(first).has_value();
  self.decision_ = decide_epoch(recorded, manifest, request.legacy_hash, request.policy);
  if (self.decision_.move == EpochMove::refuse) {
    return make_error(ErrorKind::conflict,
                      fmt::format("the evaluator of '{}' has changed: {}. Its scores cannot be "
                                  "compared with new ones. {}",
                                  request.run_dir.string(), describe(self.decision_.seen),
                                  evaluator_remedy(request.run_dir)));
  }
  self.before_ = recorded.epochs;
  if (self.before_.empty()) {
    self.before_.emplace_back().evaluator_hash = recorded.legacy_hash.value_or("");
  }
  self.epochs_ = self.before_;
  if (self.begins()) {
    store::Epoch next;
    next.number = self.epochs_.back().number + 1;
    GENESIS_TRY_ASSIGN(const store::LoadedRun loaded, store.load());
    next.first_generation = loaded.next_generation;
    self.epochs_.push_back(std::move(next));
  }
  store::Epoch& present = self.epochs_.back();
  if (present.started_at == 0 || self.decision_.move == EpochMove::restate) {
    present.started_at = request.now_millis;
  }
  present.evaluator_hash = self.hash_;
  present.manifest_json = encode_manifest(manifest);
  self.watch_ =
      std::make_unique<evaluators::FileWatch>(std::move(request.sources), std::move(manifest));
  return self;
}

std::int64_t EvaluatorEpochs::first_generation() const {
  return epochs_.empty() ? 0 : epochs_.back().first_generation;
}

std::int64_t EvaluatorEpochs::rescored() const {
  std::int64_t count = 0;
  for (const store::Epoch& epoch : epochs_) count += epoch.rescored;
  return count;
}

Result<std::vector<evolve::Seed>> EvaluatorEpochs::choose_seeds(store::RunStore& store, int top) {
  std::vector<evolve::Seed> earlier;
  if (const auto stored = store.state("seeds")) {
    GENESIS_TRY_ASSIGN(earlier, decode_seeds(*stored));
  }
  GENESIS_TRY_ASSIGN(auto seeds,
                     choose_epoch_seeds(store, before_.back(), top, std::move(earlier)));
  epochs_.back().rescored = static_cast<std::int64_t>(seeds.size());
  return seeds;
}

std::string EvaluatorEpochs::notice() const {
  if (decision_.move == EpochMove::begin) {
    return fmt::format(
        "the evaluator has changed: {}; epoch {} begins at generation {} with {} program{} of the "
        "one before, evaluated again (scores of different epochs are not comparable)",
        describe(decision_.seen), number(), first_generation(), epochs_.back().rescored,
        epochs_.back().rescored == 1 ? "" : "s");
  }
  if (decision_.move == EpochMove::restate) {
    return fmt::format("the evaluator has changed before it scored anything: {}",
                       describe(decision_.seen));
  }
  return {};
}

void EvaluatorEpochs::put(store::RunStore& store) const {
  if (epochs_.empty()) return;
  store.put_state(std::string(store::kEpochsKey), store::encode_epochs(epochs_));
}

evaluators::IdentitySources identity_of(const evaluators::CommandPlanner& planner,
                                        const EvolutionConfig& evo, const fs::path& run_dir) {
  evaluators::IdentitySources sources = planner.identity();
  sources.excluded.push_back(run_dir);
  for (const std::string& seed : seed_paths(evo)) sources.excluded.push_back(find_data_file(seed));
  return sources;
}

void set_aside_best(const fs::path& run_dir, std::int64_t epoch) {
  const fs::path aside = run_dir / fmt::format("best_epoch_{}", epoch);
  std::error_code failure;
  if (!fs::exists(run_dir / "best", failure) || fs::exists(aside, failure)) return;
  fs::rename(run_dir / "best", aside, failure);
  if (failure) log::warning("cannot rename best/ to '{}': {}", aside.string(), failure.message());
}

std::string evaluator_remedy(const fs::path& run_dir) {
  const std::string run = short_path(run_dir);
  return fmt::format(
      "Restore it and give the same command again; or go on with the new one in an epoch of its "
      "own: `genesis resume {} --new-epoch`, or ++job_config.on_evaluator_change=new_epoch",
      run);
}

}  // namespace genesis::run
