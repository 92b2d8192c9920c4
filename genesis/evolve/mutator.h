#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/evolve/mutation_request.h"
#include "genesis/program/program.h"

namespace genesis::evolve {

/// The answer: a candidate, and how it came about.
struct Mutation {
  Program child;
  std::string mutator;  ///< Operator or model.
  std::string patch;    ///< operator, diff, full, cross, fix.
  std::string summary;  ///< One line for people.
};

/// What became of a mutation, so that adaptive parts can learn.
struct MutationFeedback {
  std::int64_t proposal = 0;
  std::string mutator;
  bool evaluated = false;  ///< False: duplicate, rejected or no change.
  bool correct = false;
  double score = 0;
  double parent_score = 0;
  bool new_best = false;
  bool simpler = false;  ///< As good as its parent, and shorter.
  /// `fix`: the parent was not correct, and its score says nothing.
  RequestKind kind = RequestKind::improve;
};

/// What turns a parent (and inspirations) into a candidate program.
///
/// All calls and the answer on the I/O thread; several requests may be in flight, and the answer
/// may come from inside `mutate`. The choice that depends on learned state is made inside `mutate`,
/// before it returns, so that equal histories make equal choices. Randomness comes from streams of
/// (run_seed, purpose, proposal).
class Mutator {
 public:
  /// Errors: `not_found` when there is nothing to change, `parse` when the candidate does not pass
  /// the syntax gate after all tries, others when the mutator itself fails. `mutator` of a failed
  /// answer is in the message's front for the record.
  struct Failure {
    std::string mutator;
    Error error;
  };
  using Answer = tl::expected<Mutation, Failure>;
  using Done = std::function<void(Answer)>;

  virtual ~Mutator() = default;
  virtual void mutate(MutationRequest request, Done done) = 0;
  /// Whether requests of the kind `fix` make sense. With such a mutator a run whose seed program
  /// fails goes on by asking for repairs until one is correct; otherwise it ends there.
  virtual bool can_fix() const { return false; }
  /// In the order of the record.
  virtual void learn(const MutationFeedback& feedback) { (void)feedback; }
  /// Learned state, small; stored with every record.
  virtual std::string save() const { return {}; }
  virtual Status load(std::string_view saved) {
    (void)saved;
    return {};
  }
};

}  // namespace genesis::evolve
