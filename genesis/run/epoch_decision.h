#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluators/evaluator_identity.h"
#include "genesis/store/epochs.h"
#include "launch/registry.h"

namespace genesis::run {

/// What a run's store says of its evaluator.
struct RecordedEvaluator {
  std::vector<store::Epoch> epochs;        ///< Empty: a new run, or one of before epochs.
  std::optional<std::string> legacy_hash;  ///< Of a run of before epochs.
  bool resumed = false;
  bool has_programs = false;  ///< The present epoch has recorded something.
};

enum class EpochMove {
  none,     ///< Go on as before.
  note,     ///< Go on, with what is known of the files written down anew.
  restate,  ///< The present epoch has no scores yet: it is the new evaluator's.
  begin,    ///< A new epoch.
  refuse,
};

struct EpochDecision {
  EpochMove move = EpochMove::none;
  evaluators::EvaluatorComparison seen;
  /// Attempts in flight may have run with other files: they end without a result.
  bool attempts_lost = false;
};

/// Pure: what is to become of a run whose evaluator is `now`. `legacy_now` is today's value of what
/// runs of before epochs recorded.
EpochDecision decide_epoch(const RecordedEvaluator& recorded,
                           const evaluators::EvaluatorManifest& now, const std::string& legacy_now,
                           launch::OnEvaluatorChange policy);

}  // namespace genesis::run
