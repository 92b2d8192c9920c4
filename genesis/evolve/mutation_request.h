#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/program/program.h"

namespace genesis::evolve {

/// What is asked of a mutator: a better program, or the repair of one that failed its evaluation.
enum class RequestKind { improve, fix };

std::string_view to_string(RequestKind kind);

/// How a program failed its evaluation.
struct EvaluationFailure {
  std::string outcome;        ///< incorrect, invalid_output, or the job's: timeout, signalled, …
  std::string error;          ///< One line: why.
  std::string text_feedback;  ///< The evaluator's own words; may be empty.
  std::string log_tail;       ///< The last 4 KB of the job's error log; may be empty.
  bool operator==(const EvaluationFailure&) const = default;

  /// All of it as one text that can be put before a mutator: valid UTF-8, ends with a newline.
  std::string describe() const;
};

/// A recorded program as a mutator sees it.
struct Specimen {
  std::int64_t generation = 0;
  std::shared_ptr<const Program> program;
  double score = 0;  ///< Without meaning when the evaluation failed.
  std::string public_json;
  std::string text_feedback;
  std::optional<EvaluationFailure> failure;  ///< Set when the program is not correct.
};

/// One proposal's work order.
struct MutationRequest {
  std::int64_t proposal = 0;
  std::uint64_t run_seed = 0;
  /// `fix`: the parent is not correct, `parent.failure` says why, and the inspirations are its
  /// ancestors, oldest first. An answer is recorded with the patch type `fix`.
  RequestKind kind = RequestKind::improve;
  Specimen parent;
  std::vector<Specimen> inspirations;
};

}  // namespace genesis::evolve
