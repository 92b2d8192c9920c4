#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "genesis/async/offload.h"
#include "genesis/evolve/mutator.h"
#include "genesis/evolve/operator_selector.h"
#include "genesis/evolve/syntax/syntax_checker.h"

namespace genesis::evolve {

struct OperatorMutatorOptions {
  std::vector<std::string> operators;  ///< Names; empty: all built-in ones.
  bool adaptive = true;
  const Language* language = nullptr;
  int max_tries = 5;  ///< Operators tried on one draw before it counts as fruitless.
  bool syntax_check = true;
};

/// Mutation by the built-in operators: needs no key and no service. Operators are chosen on the I/O
/// thread from the learned state; applying them and the syntax gate happen on the worker pool,
/// unless it is a matter of microseconds: then the answer comes from inside `mutate`.
class OperatorMutator final : public Mutator {
 public:
  /// Errors: unknown operator name (with the nearest), none usable.
  static Result<std::unique_ptr<OperatorMutator>> create(WorkerPool& workers,
                                                         OperatorMutatorOptions options);

  void mutate(MutationRequest request, Done done) override;
  void learn(const MutationFeedback& feedback) override;
  std::string save() const override { return selector_.save(); }
  Status load(std::string_view saved) override { return selector_.load(saved); }

 private:
  OperatorMutator(WorkerPool& workers, OperatorMutatorOptions options,
                  std::vector<const Operator*> operators, OperatorSelector selector);
  bool is_quick(const std::vector<const Operator*>& choices, const MutationRequest& request) const;
  static Answer apply_one_of(const std::vector<const Operator*>& choices,
                             const MutationRequest& request, const OperatorMutatorOptions& options,
                             SyntaxChecker& checker);

  WorkerPool& workers_;
  OperatorMutatorOptions options_;
  std::vector<const Operator*> operators_;  // same order as the selector's arms
  OperatorSelector selector_;
  std::map<std::string, std::size_t, std::less<>> index_of_;
  std::shared_ptr<SyntaxChecker> checker_;
};

}  // namespace genesis::evolve
