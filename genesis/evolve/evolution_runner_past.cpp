// What an earlier session left in flight, and evaluations that begin anew because nobody can say
// which evaluator they ran with. The loop is in evolution_runner.cpp.
#include "genesis/base/log.h"
#include "genesis/evolve/evolution_runner.h"

namespace genesis::evolve {

using State = Evaluation::State;

// Those of an earlier epoch wait for the first seed, so that the epoch begins with it.
void EvolutionRunner::take_up(store::PendingEvaluation& pending) {
  auto program = Program::decode(pending.proposal.candidate);
  if (!program) {
    log::error("evaluation {}: {}", pending.evaluation, program.error().message);
    parts_.store->abandon_evaluation(pending.evaluation, program.error().message);
    return;
  }
  Evaluation evaluation;
  evaluation.id = pending.evaluation;
  evaluation.program = std::make_shared<const Program>(std::move(*program));
  evaluation.state = State::ready;
  evaluation.key.evaluation = pending.evaluation;
  const std::string key = pending.proposal.program_key;
  setup_.known_programs.emplace(key, -1 - pending.proposal.id);
  seeds_.start(key);
  pending.proposal.candidate.clear();
  evaluation.proposal = std::move(pending.proposal);
  if (pending.attempts.empty()) {
    evaluation.token = new_token(evaluation.key);
  } else {
    const store::AttemptRecord& last = pending.attempts.back();
    evaluation.key.attempt = last.attempt;
    evaluation.token = last.token;
    if (last.outcome.empty()) {
      evaluation.reattach = true;
      if (const auto space = last.ref.find(' '); space != std::string::npos) {
        evaluation.reattach_ref =
            launch::JobRef{last.ref.substr(0, space), last.ref.substr(space + 1)};
      }
    } else {
      begin_anew(evaluation);
    }
  }
  if (seeds_.first_settled() || seeds_.has(key)) {
    put_into_book(std::move(evaluation));
  } else {
    behind_first_.push_back(std::move(evaluation));
  }
}

// Its last attempt ended without a result that counts: the evaluator changed.
void EvolutionRunner::begin_anew(Evaluation& evaluation) {
  ++evaluation.key.attempt;
  evaluation.token = new_token(evaluation.key);
  evaluation.state = State::journaling;
  store::AttemptRecord attempt;
  attempt.token = evaluation.token;
  attempt.evaluation = evaluation.id;
  attempt.attempt = evaluation.key.attempt;
  parts_.store->add_attempt(std::move(attempt));
}

void EvolutionRunner::put_into_book(Evaluation evaluation) {
  if (evaluation.state == State::journaling) to_journal_.push_back(evaluation.id);
  book_.add(std::move(evaluation));
}

void EvolutionRunner::let_others_go() {
  if (!seeds_.first_settled()) return;
  for (Evaluation& evaluation : behind_first_) put_into_book(std::move(evaluation));
  behind_first_.clear();
}

}  // namespace genesis::evolve
