#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace genesis::evaluators {

/// What an evaluation came to.
enum class OutcomeKind {
  ok,              ///< Both files are sound and the evaluator says correct.
  incorrect,       ///< The evaluator says not correct, or the score is not a finite number.
  invalid_output,  ///< A result file is missing or is not what it should be.
  job_failure,     ///< The job itself failed (timeout, memory, exit status …): set by the runner.
};

std::string_view to_string(OutcomeKind kind);
std::optional<OutcomeKind> outcome_kind_from(std::string_view name);

/// The evaluators' layer of a result; the launcher's is launch::JobOutcome. Plain data.
struct EvaluationOutcome {
  OutcomeKind kind = OutcomeKind::invalid_output;
  bool correct = false;             ///< kind == ok.
  double combined_score = 0.0;      ///< Finite always; 0.0 where there is none.
  std::string public_json = "{}";   ///< Compact JSON objects that strict parsers read;
  std::string private_json = "{}";  ///< NaN and infinities are null in them.
  std::string extra_json = "{}";    ///< Every other key of metrics.json.
  std::string text_feedback;        ///< A list's items are joined with line feeds.
  std::string error;                ///< One line or more for people: why not ok. Empty when ok.
  std::string note;                 ///< What was odd but accepted. Empty mostly.
};

/// An outcome for a job that failed by itself; `description` is the launcher's line.
EvaluationOutcome job_failure(std::string description);

}  // namespace genesis::evaluators
