// What an end of an attempt comes to: another attempt, or a recorded program. The loop is in
// evolution_runner.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/evolve/evolution_runner.h"

namespace genesis::evolve {

using State = Evaluation::State;

// The machine's fault, not the candidate's: another attempt, later, or the evaluation is given up
// and counts for nothing.
void EvolutionRunner::retry_or_abandon(Evaluation& evaluation, const launch::JobOutcome& outcome) {
  const bool of_past_session = evaluation.reattach;
  parts_.store->finish_attempt(evaluation.token, std::string(to_string(outcome.kind)),
                               outcome.detail, outcome.held.count());
  const auto now = parts_.clock->steady();
  std::optional<std::chrono::milliseconds> delay = std::chrono::milliseconds(0);
  if (!of_past_session && outcome.kind != launch::JobOutcomeKind::cancelled) {
    ++evaluation.failures;
    delay = policy_.on_failure(evaluation.failures, now);
    log::warning("evaluation {}, attempt {}: {}", evaluation.id, evaluation.key.attempt,
                 launch::describe(outcome));
  }
  if (!delay) {
    const std::string why = fmt::format("{} after {} attempts: {}", to_string(outcome.kind),
                                        evaluation.failures, outcome.detail);
    parts_.store->abandon_evaluation(evaluation.id, why);
    setup_.known_programs.erase(evaluation.proposal.program_key);
    if (!parts_.population->best()) seed_failure_ = why;
    notice(fmt::format("evaluation {} given up: {}", evaluation.id, why));
    settle_seed(evaluation.proposal.program_key, -1);
    book_.remove(evaluation.id);
    return;
  }
  launch::AttemptKey next = evaluation.key;
  ++next.attempt;
  book_.renew(evaluation, new_token(next));
  store::AttemptRecord attempt;
  attempt.token = evaluation.token;
  attempt.evaluation = evaluation.id;
  attempt.attempt = evaluation.key.attempt;
  parts_.store->add_attempt(std::move(attempt));
  ++meter_.status().retries;
  evaluation.retry_at = now + *delay;
  book_.move_to(evaluation, State::journaling);
  to_journal_.push_back(evaluation.id);
  if (const auto until = policy_.paused_until()) {
    notice(fmt::format(
        "submissions paused for {}: the launcher keeps failing ({})",
        format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(*until - now)),
        launch::describe(outcome)));
  }
}

// To hand small files to another thread and back costs more than to read them. Those of a network
// file system may take for ever, whatever their size.
bool EvolutionRunner::reads_at_once(const launch::JobResults& results) const {
  constexpr std::uintmax_t kSmall = 64u << 10;
  if (!results.folder) return true;
  if (!setup_.results_on_this_machine) return false;
  for (const char* name : {"metrics.json", "correct.json"}) {
    std::error_code missing;
    const std::uintmax_t size = fs::file_size(*results.folder / name, missing);
    if (!missing && size > kSmall) return false;
  }
  return true;
}

void EvolutionRunner::read_outcome(OutcomeRead& read, const launch::JobResults& results,
                                   const evaluators::JobPlanner& planner) {
  read.outcome = planner.judge(read.job, results);
  if (!results.folder) return;
  std::error_code missing;
  const fs::path log = *results.folder / "job_log.err";
  const std::uintmax_t bytes = fs::file_size(log, missing);
  read.log_bytes = missing ? 0 : static_cast<std::int64_t>(bytes);
  if (read.outcome.kind != evaluators::OutcomeKind::ok && read.log_bytes > 0) {
    read.log_tail = to_valid_utf8(read_tail(log, 4096).value_or(std::string()));
  }
}

// Recorded at the end of this turn, when the evaluator's files have been looked at.
void EvolutionRunner::handle(OutcomeRead& event) {
  finished_.push_back(std::move(event));
}

void EvolutionRunner::record(Evaluation& evaluation, OutcomeRead& event) {
  store::ProgramRecord program = program_record(evaluation, event);
  Member member;
  member.generation = program.generation;
  member.parent = program.parent;
  member.score = program.score;
  member.island = program.island;
  member.correct = program.correct;
  member.size = program.size;
  std::vector<store::MoveRecord> moves;
  for (const IslandMove& move : parts_.population->add(member)) {
    moves.push_back({parts_.population->size(), move.generation, move.from, move.to, move.copy});
    if (move.is_reset()) {
      log::info("generation {}: island {} was behind and begins again", member.generation, move.to);
    }
  }
  parts_.mutator->learn(feedback_on(program));

  failpoint("runner.record.before");
  parts_.store->finish_attempt(evaluation.token, std::string(to_string(event.job.kind)),
                               event.job.detail, event.job.held.count());
  parts_.store->record(program, std::move(moves));
  parts_.store->put_state("mutator", parts_.mutator->save());
  if (const IslandRace* race = parts_.population->race(); race != nullptr) {
    parts_.store->put_state("islands", race->save());
  }
  parts_.store->put_state("elapsed_millis", std::to_string(elapsed().count()));
  failpoint("runner.record.after");
  ++uncommitted_;
  setup_.known_programs.set(program.program_key, program.generation);

  RunStatus& status = meter_.status();
  meter_.count(program.outcome, parts_.clock->steady());
  status.generation = program.generation;
  status.programs = parts_.population->size();
  if (program.generation == parts_.population->first_generation()) {
    status.initial_score = program.score;
  }
  PublishOrder order;
  order.program = evaluation.program;
  order.work_dir = event.work_dir;
  if (program.parent >= 0) {
    if (auto parent = parts_.sources->get(program.parent)) order.parent = parent->program;
  }
  parts_.sources->put(program.generation, {evaluation.program, program.public_json,
                                           program.text_feedback, failure_of(program)});
  if (!parts_.population->best()) {
    seed_failure_ = fmt::format("{}: {}{}{}", program.outcome, program.error,
                                event.log_tail.empty() ? "" : "\n", event.log_tail);
  }
  settle_seed(program.program_key, program.generation);
  if (program.improved) {
    status.has_best = true;
    status.best_score = program.score;
    status.best_generation = program.generation;
    for (StatusObserver* observer : parts_.observers)
      observer->on_improvement(status, program.summary);
  }
  order.record = std::move(program);
  to_publish_.push_back(std::move(order));
  book_.remove(evaluation.id);
}

MutationFeedback EvolutionRunner::feedback_on(const store::ProgramRecord& program) const {
  MutationFeedback feedback;
  feedback.proposal = program.proposal;
  feedback.mutator = program.mutator;
  feedback.evaluated = true;
  feedback.correct = program.correct;
  feedback.score = feedback.parent_score = program.score;
  feedback.new_best = program.improved;
  // A parent of an earlier epoch has no score that this one could be compared with.
  if (!parts_.population->has(program.parent)) return feedback;
  const Member& parent = parts_.population->member(program.parent);
  feedback.parent_score = parent.score;
  if (!parent.correct) feedback.kind = RequestKind::fix;
  feedback.simpler = program.correct && parent.correct && program.score == parent.score &&
                     program.size < parent.size;
  return feedback;
}

store::ProgramRecord EvolutionRunner::program_record(const Evaluation& evaluation,
                                                     OutcomeRead& event) const {
  const store::ProposalRecord& proposal = evaluation.proposal;
  evaluators::EvaluationOutcome& outcome = event.outcome;
  store::ProgramRecord program;
  program.generation = parts_.population->size();
  program.proposal = proposal.id;
  program.evaluation = evaluation.id;
  program.parent = proposal.parent;
  program.island = proposal.island;
  program.program_key = proposal.program_key;
  program.mutator = proposal.mutator;
  program.patch = proposal.patch;
  program.summary = proposal.summary;
  program.draw_event = proposal.draw_event;
  program.size = static_cast<std::uint32_t>(
      std::min<std::size_t>(evaluation.program->size(), std::numeric_limits<std::uint32_t>::max()));
  program.score = outcome.combined_score;
  program.correct = outcome.correct;
  program.outcome = outcome.kind == evaluators::OutcomeKind::job_failure
                        ? std::string(to_string(event.job.kind))
                        : std::string(to_string(outcome.kind));
  program.error = std::move(outcome.error);
  program.public_json = std::move(outcome.public_json);
  program.private_json = std::move(outcome.private_json);
  program.text_feedback = std::move(outcome.text_feedback);
  program.extra_json = std::move(outcome.extra_json);
  program.log_tail = event.log_tail;
  if (!event.work_dir.empty()) {
    program.log_path = fmt::format("gen_{}/results/job_log.err", program.generation);
  }
  program.log_bytes = event.log_bytes;
  program.wall_millis = event.job.wall.count();
  program.cpu_millis = event.job.cpu.count();
  program.peak_memory_bytes = static_cast<std::int64_t>(event.job.peak_memory_bytes);
  program.recorded_at = parts_.clock->unix_millis();
  program.elapsed_millis = elapsed().count();
  program.improved = parts_.population->would_improve(program.correct, program.score);
  return program;
}

void EvolutionRunner::handle(Committed& event) {
  failpoint("runner.publish.before");
  uncommitted_ -= event.published.size();
  for (PublishOrder& order : event.published) parts_.results->publish(std::move(order));
}

}  // namespace genesis::evolve
