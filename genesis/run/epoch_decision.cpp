#include "genesis/run/epoch_decision.h"

namespace genesis::run {

using evaluators::EvaluatorChange;
using evaluators::EvaluatorComparison;

namespace {

EvaluatorComparison compare_with_record(const RecordedEvaluator& recorded,
                                        const evaluators::EvaluatorManifest& now,
                                        const std::string& legacy_now) {
  EvaluatorComparison seen;
  if (recorded.epochs.empty()) {
    const bool same = !recorded.legacy_hash || *recorded.legacy_hash == legacy_now;
    seen.change = same ? EvaluatorChange::same : EvaluatorChange::changed;
    if (!same) seen.what = "its file or its arguments differ";
    return seen;
  }
  const store::Epoch& last = recorded.epochs.back();
  const auto before = evaluators::decode_manifest(last.manifest_json);
  if (before) return compare_evaluators(*before, now);
  // Which file it was is lost; whether it was one is not.
  const bool same = last.evaluator_hash == now.hash();
  seen.change = same ? EvaluatorChange::touched : EvaluatorChange::changed;
  if (!same) seen.what = "its files or its arguments differ";
  return seen;
}

}  // namespace

EpochDecision decide_epoch(const RecordedEvaluator& recorded,
                           const evaluators::EvaluatorManifest& now, const std::string& legacy_now,
                           launch::OnEvaluatorChange policy) {
  EpochDecision decision;
  if (!recorded.resumed) {
    decision.move = EpochMove::note;
    return decision;
  }
  decision.seen = compare_with_record(recorded, now, legacy_now);
  switch (decision.seen.change) {
    case EvaluatorChange::same:
      decision.move = recorded.epochs.empty() ? EpochMove::note : EpochMove::none;
      return decision;
    case EvaluatorChange::touched:
      decision.move = EpochMove::note;
      decision.attempts_lost = true;
      return decision;
    case EvaluatorChange::changed:
      break;
  }
  decision.attempts_lost = true;
  decision.move = !recorded.has_programs                           ? EpochMove::restate
                  : policy == launch::OnEvaluatorChange::new_epoch ? EpochMove::begin
                                                                   : EpochMove::refuse;
  return decision;
}

}  // namespace genesis::run
