#include "evaluators/outcome.h"

#include <utility>

namespace genesis::evaluators {

std::string_view to_string(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::ok:
      return "ok";
    case OutcomeKind::incorrect:
      return "incorrect";
    case OutcomeKind::invalid_output:
      return "invalid_output";
    case OutcomeKind::job_failure:
      return "job_failure";
  }
  return "?";
}

std::optional<OutcomeKind> outcome_kind_from(std::string_view name) {
  for (const auto kind : {OutcomeKind::ok, OutcomeKind::incorrect, OutcomeKind::invalid_output,
                          OutcomeKind::job_failure})
    if (to_string(kind) == name) return kind;
  return std::nullopt;
}

EvaluationOutcome job_failure(std::string description) {
  EvaluationOutcome outcome;
  outcome.kind = OutcomeKind::job_failure;
  outcome.error = std::move(description);
  return outcome;
}

}  // namespace genesis::evaluators
