#include "genesis/run/final_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "genesis/evolve/usage_record.h"

namespace genesis::run {

FinalEvaluation::FinalEvaluation(Parts parts, const EvolutionConfig& config)
    : parts_(std::move(parts)), config_(config) {
  FinalScores wanted;
  wanted.epoch = parts_.epoch;
  wanted.evaluator_hash = parts_.evaluator_hash;
  wanted.repeats = config.final_repeats;
  const auto best = parts_.population->archive();
  const auto most = std::min(best.size(), static_cast<std::size_t>(std::max(config.final_top, 0)));
  const auto first = parts_.population->best();
  if (wanted.repeats > 0 && most > 0 && first) {
    // Of equally good ones the archive has the shortest first, best/ the one that came first.
    wanted.programs.push_back({*first, parts_.population->member(*first).score, {}});
    for (const auto& entry : best) {
      if (wanted.programs.size() == most) break;
      if (entry.generation == *first) continue;
      wanted.programs.push_back({entry.generation, entry.score, {}});
    }
  }
  FinalScores known;
  known.epoch = -1;
  if (const auto stored = parts_.store->state(kFinalScoresKey)) {
    if (auto decoded = decode_final_scores(*stored)) known = std::move(*decoded);
  }
  scores_ = plan_final_scores(known, std::move(wanted));
  missing_ = scores_.missing();
}

FinalEvaluation::~FinalEvaluation() = default;

fs::path FinalEvaluation::work_dir() const {
  return parts_.run_dir / ".genesis" / "final";
}

Status FinalEvaluation::start(std::unique_ptr<launch::Launcher> launcher,
                              std::unique_ptr<evaluators::JobPlanner> planner,
                              std::function<void(FinalEnd)> on_end) {
  std::error_code ignored;
  fs::remove_all(work_dir(), ignored);  // what a crash left
  planner_ = std::move(planner);
  std::vector<BatchItem> items;
  std::map<std::size_t, std::shared_ptr<const Program>> programs;
  for (const auto& [index, seed] : missing_) {
    std::shared_ptr<const Program>& program = programs[index];
    const std::int64_t generation = scores_.programs[index].generation;
    if (!program) {
      GENESIS_TRY_ASSIGN(Program source, parts_.store->source(generation));
      program = std::make_shared<const Program>(std::move(source));
    }
    items.push_back({generation, program, seed, seed});
  }
  parts_.notice(fmt::format("evaluating the best {} program{} on {} unseen seed{}",
                            scores_.programs.size(), scores_.programs.size() == 1 ? "" : "s",
                            scores_.repeats, scores_.repeats == 1 ? "" : "s"));
  EvaluationBatch::Parts parts;
  parts.io = parts_.io;
  parts.launcher = std::move(launcher);
  parts.planner = planner_.get();
  parts.jobs = config_.max_parallel_jobs;
  parts.max_attempts = config_.max_attempts;
  parts.on_usage = [store = parts_.store](launch::Usage usage) {
    store->put_usage(evolve::usage_record(std::move(usage)));
  };
  batch_ = std::make_unique<EvaluationBatch>(std::move(parts));
  return batch_->start(
      std::move(items), [this](BatchResult result) { take(std::move(result)); },
      [this, on_end = std::move(on_end)] {
        std::error_code gone;
        fs::remove_all(work_dir(), gone);
        const std::size_t left = scores_.missing().size();
        if (left > 0 && !stopped_ && !changed_) {
          parts_.notice(
              fmt::format("{} evaluation{} on unseen seeds failed for reasons of the "
                          "machine; the same command tries again",
                          left, left == 1 ? "" : "s"));
        }
        on_end(changed_               ? FinalEnd::evaluator_changed
               : stopped_ && left > 0 ? FinalEnd::interrupted
                                      : FinalEnd::complete);
      });
}

void FinalEvaluation::stop() {
  stopped_ = true;
  if (batch_) batch_->stop();
}

void FinalEvaluation::take(BatchResult result) {
  if (changed_) return;
  if (!evaluator_is_the_same()) {
    changed_ = true;
    batch_->stop();
    return;
  }
  if (result.outcome == "lost" || result.outcome == "backend_error") return;
  for (FinalProgram& program : scores_.programs) {
    if (program.generation != result.item.generation) continue;
    program.by_seed[result.item.repeat] =
        result.correct ? std::optional<double>(result.score) : std::nullopt;
  }
  failpoint("run.final.before");
  put();
  failpoint("run.final.after");
}

bool FinalEvaluation::evaluator_is_the_same() {
  return parts_.watch == nullptr || parts_.watch->untouched() ||
         parts_.watch->look_again().change != evaluators::EvaluatorChange::changed;
}

void FinalEvaluation::put() const {
  parts_.store->put_state(std::string(kFinalScoresKey), to_json(scores_).dump());
  parts_.store->hand_over();
}

void FinalEvaluation::write_beside_best() const {
  const fs::path best = parts_.run_dir / "best";
  std::error_code ignored;
  if (scores_.programs.empty() || !fs::is_directory(best, ignored)) return;
  const Status written =
      write_file_atomic(best / "unseen_seeds.json", to_json(scores_).dump(2) + "\n");
  if (!written) log::warning("{}", written.error().message);
}

}  // namespace genesis::run
