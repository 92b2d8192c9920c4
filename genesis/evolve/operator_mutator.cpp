#include "genesis/evolve/operator_mutator.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "genesis/base/text.h"

namespace genesis::evolve {

OperatorMutator::OperatorMutator(WorkerPool& workers, OperatorMutatorOptions options,
                                 std::vector<const Operator*> operators, OperatorSelector selector)
    : workers_(workers),
      options_(std::move(options)),
      operators_(std::move(operators)),
      selector_(std::move(selector)),
      checker_(std::make_shared<SyntaxChecker>()) {
  for (std::size_t i = 0; i < operators_.size(); ++i) index_of_.emplace(operators_[i]->name(), i);
}

Result<std::unique_ptr<OperatorMutator>> OperatorMutator::create(WorkerPool& workers,
                                                                 OperatorMutatorOptions options) {
  // The default weights are those of the selector's own arms.
  const OperatorSelector defaults;
  std::map<std::string, double, std::less<>> weights;
  std::vector<std::string> known;
  for (std::size_t i = 0; i < defaults.size(); ++i) {
    weights.emplace(defaults.name(i), defaults.probability(i));
    known.emplace_back(defaults.name(i));
  }
  const std::vector<std::string>& wanted = options.operators.empty() ? known : options.operators;
  std::vector<OperatorSelector::Arm> arms;
  std::vector<const Operator*> operators;
  for (const std::string& name : wanted) {
    const Operator* found = find_operator(name);
    if (found == nullptr) {
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("mutation.operators: unknown operator '{}'{}; known: {}", name,
                                    did_you_mean(name, known), join(known, ", ")));
    }
    const auto weight = weights.find(name);
    arms.push_back(
        {name, weight == weights.end() ? 1.0 / static_cast<double>(known.size()) : weight->second});
    operators.push_back(found);
  }
  OperatorSelector selector(std::move(arms), SelectorOptions{});
  return std::unique_ptr<OperatorMutator>(
      new OperatorMutator(workers, std::move(options), std::move(operators), std::move(selector)));
}

// An operator on a small program takes some microseconds, less than handing it over, unless another
// process must be asked whether the outcome can be read.
bool OperatorMutator::is_quick(const std::vector<const Operator*>& choices,
                               const MutationRequest& request) const {
  constexpr std::size_t kSmallProgram = 16u << 10;
  if (request.parent.program->size() >= kSmallProgram) return false;
  if (!options_.syntax_check || !SyntaxChecker::asks_a_process(*options_.language)) return true;
  return std::all_of(choices.begin(), choices.end(),
                     [](const Operator* choice) { return choice->keeps_syntax(); });
}

void OperatorMutator::mutate(MutationRequest request, Done done) {
  RandomStream random(request.run_seed, "operator", static_cast<std::uint64_t>(request.proposal));
  std::vector<const Operator*> choices;
  for (int i = 0; i < options_.max_tries; ++i) {
    choices.push_back(operators_[selector_.choose(random)]);
  }
  if (is_quick(choices, request)) {
    done(apply_one_of(choices, request, options_, *checker_));
    return;
  }
  struct Work {
    MutationRequest request;
    std::vector<const Operator*> choices;
    std::optional<Answer> answer;
  };
  auto work = std::make_shared<Work>();
  work->request = std::move(request);
  work->choices = std::move(choices);
  workers_.run(
      [work, options = options_, checker = checker_] {
        work->answer = apply_one_of(work->choices, work->request, options, *checker);
      },
      [work, done = std::move(done)] { done(std::move(*work->answer)); });
}

Mutator::Answer OperatorMutator::apply_one_of(const std::vector<const Operator*>& choices,
                                              const MutationRequest& request,
                                              const OperatorMutatorOptions& options,
                                              SyntaxChecker& checker) {
  std::vector<const Program*> mates;
  for (const Specimen& inspiration : request.inspirations)
    mates.push_back(inspiration.program.get());
  OperatorInput input;
  input.parent = request.parent.program.get();
  input.inspirations = mates;
  input.language = options.language;
  input.kind = request.kind;
  input.failure = request.parent.failure ? &*request.parent.failure : nullptr;
  Failure failure{std::string(choices.front()->name()),
                  Error{ErrorKind::not_found, "no operator found anything to change"}};
  for (std::size_t k = 0; k < choices.size(); ++k) {
    const Operator& chosen = *choices[k];
    RandomStream random(request.run_seed, fmt::format("mutate/{}", k),
                        static_cast<std::uint64_t>(request.proposal));
    auto result = chosen.apply(input, random);
    if (!result || result->child == *input.parent) continue;
    if (options.syntax_check && !chosen.keeps_syntax()) {
      const auto checked = checker.check(result->child, *options.language);
      // A checker that cannot run (no interpreter) lets the evaluator be the judge.
      if (checked && *checked) {
        failure = {std::string(chosen.name()),
                   Error{ErrorKind::parse,
                         fmt::format("line {}: {}", (*checked)->line, (*checked)->message)}};
        continue;
      }
    }
    Mutation mutation;
    mutation.child = std::move(result->child);
    mutation.mutator = chosen.name();
    mutation.patch = "operator";
    mutation.summary = std::move(result->summary);
    return mutation;
  }
  return tl::unexpected<Failure>(std::move(failure));
}

void OperatorMutator::learn(const MutationFeedback& feedback) {
  if (!options_.adaptive || !feedback.evaluated) return;
  const auto at = index_of_.find(feedback.mutator);
  if (at == index_of_.end()) return;
  double reward = 0;
  const bool better = feedback.kind == RequestKind::fix || feedback.score > feedback.parent_score;
  if (feedback.correct && better) {
    reward = feedback.new_best ? OperatorSelector::kRecord : OperatorSelector::kImproved;
  } else if (feedback.simpler) {
    reward = OperatorSelector::kSimpler;
  }
  selector_.learn(at->second, reward);
}

}  // namespace genesis::evolve
