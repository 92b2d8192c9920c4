// What a run starts from: seed programs and those of earlier runs. The loop is in
// evolution_runner.cpp.
#include <fmt/format.h>

#include "genesis/evolve/evolution_runner.h"

namespace genesis::evolve {

// Those that an earlier session recorded are passed over; what it left in flight is taken up with
// everything else that it left.
void EvolutionRunner::take_up_seeds() {
  for (std::size_t i = 0; i < seeds_.size(); ++i) {
    const std::string key = seeds_.at(i).program.key();
    if (const auto known = setup_.known_programs.find(key)) seeds_.settle(key, *known);
  }
  for (const std::string& text : setup_.notices) notice(text);
}

void EvolutionRunner::start_seeds() {
  while (!seeds_.drained() && has_room()) {
    const auto index = seeds_.next();
    if (!index) return;
    const Seed& seed = seeds_.at(*index);
    store::ProposalRecord proposal;
    proposal.id = next_proposal_++;
    proposal.parent = seeds_.parent_of(*index);
    proposal.island = seed.island;
    proposal.draw_event = parts_.population->size();
    proposal.mutator = seed.mutator;
    proposal.patch = seed.mutator;
    proposal.summary = seed.summary;
    proposal.program_key = seed.program.key();
    ++meter_.status().proposals;
    seeds_.start(proposal.program_key);
    if (seed.trusted) {
      adopt(seed, std::move(proposal));
    } else {
      queue(std::move(proposal), seed.program);
    }
  }
}

// A result that came with the program is recorded in the transaction that queues it: there is no
// attempt, because nothing ran.
void EvolutionRunner::adopt(const Seed& seed, store::ProposalRecord proposal) {
  Evaluation evaluation;
  evaluation.id = next_evaluation_++;
  evaluation.proposal = proposal;
  evaluation.program = std::make_shared<const Program>(seed.program);
  proposal.candidate = seed.program.encode();
  parts_.store->queue_evaluation(evaluation.id, std::move(proposal), store::AttemptRecord{});
  OutcomeRead read;
  read.evaluation = evaluation.id;
  read.outcome.kind = evaluators::OutcomeKind::ok;
  read.outcome.correct = true;
  read.outcome.combined_score = seed.trusted->score;
  read.outcome.public_json = seed.trusted->public_json;
  read.outcome.private_json = seed.trusted->private_json;
  read.outcome.text_feedback = seed.trusted->text_feedback;
  read.outcome.extra_json = R"({"trusted_score":true})";
  record(evaluation, read);
}

void EvolutionRunner::settle_seed(const std::string& program_key, std::int64_t generation) {
  if (seeds_.settled() || !seeds_.has(program_key)) return;
  seeds_.settle(program_key, generation);
  let_others_go();
  if (!seeds_.settled()) return;
  if (!parts_.population->best()) {
    if (can_repair()) notice("no seed program is correct: asking for repairs");
    return;
  }
  if (seeds_.size() < 2) return;
  std::size_t correct = 0;
  for (std::int64_t g = parts_.population->first_generation(); g < parts_.population->size(); ++g) {
    if (parts_.population->member(g).correct) ++correct;
  }
  notice(fmt::format("{} of {} starting programs are correct: the search begins", correct,
                     seeds_.size()));
}

bool EvolutionRunner::can_repair() const {
  return parts_.mutator->can_fix() && !parts_.population->empty();
}

// A run without one correct program to start from has nothing to search with, unless its mutator
// can repair. An earlier session may have been interrupted just before it could say so.
void EvolutionRunner::check_seeds() {
  if (stop_ == StopReason::seed_failed || stop_ == StopReason::error) return;
  if (parts_.population->best() || !seeds_.settled() || book_.size() > 0 ||
      !behind_first_.empty() || can_repair()) {
    return;
  }
  if (seed_failure_.empty() && parts_.population->empty()) return;
  if (seed_failure_.empty()) seed_failure_ = "it failed in an earlier session";
  stop_for(StopReason::seed_failed,
           seeds_.size() < 2
               ? seed_failure_
               : fmt::format("none of the {} starting programs is correct; the last: {}",
                             seeds_.size(), seed_failure_));
}

}  // namespace genesis::evolve
