#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/rng.h"
#include "genesis/evolve/mutation_request.h"
#include "genesis/program/language.h"
#include "genesis/program/program.h"

namespace genesis::evolve {

/// What a built-in operator works on. All pointers are borrowed for the call.
struct OperatorInput {
  const Program* parent = nullptr;
  std::span<const Program* const> inspirations;  ///< Mates for crossover; may be empty.
  const Language* language = nullptr;
  /// What is asked for; `fix` comes with how the parent failed. The built-in operators, which know
  /// nothing of errors, do the same for both.
  RequestKind kind = RequestKind::improve;
  const EvaluationFailure* failure = nullptr;
};

/// What it made: the child, and one line for people ("literal: 0.5 -> 0.4812").
struct OperatorResult {
  Program child;
  std::string summary;
};

/// A built-in mutation operator: a pure function of its input and the stream. Knows languages,
/// never tasks. Changes text inside mutable blocks only. Thread-safe (no state).
class Operator {
 public:
  virtual ~Operator() = default;
  virtual std::string_view name() const = 0;
  /// A program that parsed before parses after: number literals replaced by number literals. Such
  /// children skip the syntax gate.
  virtual bool keeps_syntax() const { return false; }
  /// Error kind `not_found` when the parent offers nothing to change (no number literal, no mate
  /// …), `unsupported` when the language does not allow the operator.
  virtual Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const = 0;
};

/// All built-in operators in a fixed order; they live as long as the process.
std::span<const Operator* const> builtin_operators();
const Operator* find_operator(std::string_view name);

}  // namespace genesis::evolve
