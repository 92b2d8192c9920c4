#include "genesis/evolve/evolution_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/evolve/usage_record.h"

namespace genesis::evolve {

using State = Evaluation::State;

EvolutionRunner::EvolutionRunner(RunnerParts parts, RunnerSetup setup)
    : parts_(std::move(parts)),
      setup_(std::move(setup)),
      mailbox_(*parts_.io),
      tick_(*parts_.io),
      look_(*parts_.io),
      seeds_(std::move(setup_.seeds)),
      policy_(setup_.config.max_attempts),
      capacity_(parts_.launchers.size(), 0),
      busy_(parts_.launchers.size(), 0),
      next_proposal_(setup_.loaded.next_proposal),
      next_evaluation_(setup_.loaded.next_evaluation) {
  meter_.status() = setup_.status;
}

EvolutionRunner::~EvolutionRunner() = default;

// The main flow of Genesis. Each turn starts what may start, waits for something to happen, and
// takes what happened into account.
boost::asio::awaitable<StopReason> EvolutionRunner::run() {
  started_ = parts_.clock->steady();
  if (const Status opened = open_launchers(); !opened) {
    stop_for(StopReason::error, opened.error().message);
    aborting_ = true;
  } else {
    take_up_seeds();
    take_up_the_past();
    arm_tick();
  }
  check_stop();
  while (stop_ == StopReason::none || (in_flight() && !aborting_)) {
    submit_ready();
    // A job that ends now gets its successor started before the next programs are thought up.
    co_await boost::asio::post(*parts_.io, boost::asio::use_awaitable);
    start_seeds();
    start_proposals();
    journal();
    std::vector<Event> events = co_await mailbox_.receive();
    for (Event& event : events) {
      std::visit([this](auto& happened) { handle(happened); }, event);
    }
    record_finished();
    check_stop();
    report();
  }
  co_await finish();
  co_return stop_;
}

Status EvolutionRunner::open_launchers() {
  for (std::size_t i = 0; i < parts_.launchers.size(); ++i) {
    GENESIS_TRY(parts_.launchers[i]->open([this, i](launch::Event event) {
      mailbox_.push(LaunchEvent{i, std::move(event)});
    }));
  }
  return {};
}

// What an earlier session left unfinished comes before anything new: in-flight attempts are found
// again by their launcher, the others get a new one.
void EvolutionRunner::take_up_the_past() {
  for (store::PendingEvaluation& pending : setup_.loaded.pending) take_up(pending);
  setup_.loaded.pending.clear();
}

// Whether one more evaluation may be on its way: a slot or a place ahead of the slots, and no limit
// overshot.
bool EvolutionRunner::has_room() const {
  if (stop_ != StopReason::none || paused()) return false;
  const std::size_t in_work = mutating_.size() + book_.size();
  const auto left = evaluations_left(
      setup_.config, setup_.target_generations,
      {parts_.population->size() - 1, meter_.status().evaluations - setup_.rescored, {}, {}, 0, 0});
  if (static_cast<std::int64_t>(in_work) >= left) return false;
  const int jobs = setup_.config.max_parallel_jobs;
  const int ahead =
      setup_.config.lookahead >= 0 ? setup_.config.lookahead : (jobs == 1 ? 0 : 2 * jobs);
  // What waits for a look at the evaluator's files has not ended for a run that goes step by step:
  // its next draw must see the record.
  const std::size_t held = ahead == 0 ? finished_.size() : 0;
  const std::size_t before_end = in_work - book_.count(State::reading) + held;
  if (before_end >= slots() + static_cast<std::size_t>(ahead)) return false;
  // Backpressure: neither the journal's queue nor the files to publish may grow without bound.
  return uncommitted_ < 10'000 && parts_.results->pending() < 256;
}

// Nothing is drawn before every seed is on its way. Without a correct program only repairs make
// sense, and only when no seed may still turn out to be one.
bool EvolutionRunner::may_draw() const {
  if (parts_.population->best()) return seeds_.drained();
  return seeds_.settled() && can_repair();
}

void EvolutionRunner::start_proposals() {
  while (may_draw() && has_room()) {
    const std::int64_t id = next_proposal_++;
    const auto draw = parts_.population->best() ? parts_.population->draw(id)
                                                : parts_.population->draw_failed(id);
    if (!draw) return;
    MutationRequest request;
    request.proposal = id;
    request.run_seed = setup_.seed;
    request.parent = specimen(draw->parent);
    if (request.parent.failure) request.kind = RequestKind::fix;
    for (const std::int64_t inspiration : draw->inspirations) {
      request.inspirations.push_back(specimen(inspiration));
    }
    ++meter_.status().proposals;
    mutating_.emplace(id, DrawnProposal{*draw, request.parent.score});
    parts_.mutator->mutate(std::move(request), [this, id](Mutator::Answer answer) {
      mailbox_.push(Mutated{id, std::move(answer)});
    });
  }
}

void EvolutionRunner::handle(Mutated& event) {
  const auto at = mutating_.find(event.proposal);
  const DrawnProposal drawn = std::move(at->second);
  mutating_.erase(at);
  store::ProposalRecord proposal;
  proposal.id = event.proposal;
  proposal.parent = drawn.draw.parent;
  proposal.inspirations = drawn.draw.inspirations;
  proposal.island = drawn.draw.island;
  proposal.draw_event = drawn.draw.event;
  if (!event.answer) {
    const Mutator::Failure& failure = event.answer.error();
    proposal.mutator = failure.mutator;
    const auto fate = failure.error.kind == ErrorKind::not_found ? store::ProposalFate::no_change
                      : failure.error.kind == ErrorKind::parse   ? store::ProposalFate::rejected
                                                                 : store::ProposalFate::failed;
    end_proposal(std::move(proposal), fate, failure.error.message);
    return;
  }
  Mutation& mutation = *event.answer;
  proposal.mutator = std::move(mutation.mutator);
  proposal.patch = std::move(mutation.patch);
  proposal.summary = std::move(mutation.summary);
  proposal.program_key = mutation.child.key();
  if (setup_.config.evaluation_cache) {
    if (const auto known = setup_.known_programs.find(proposal.program_key)) {
      ++meter_.status().duplicates;
      const std::int64_t of = *known;
      end_proposal(std::move(proposal), store::ProposalFate::duplicate,
                   of >= 0 ? fmt::format("gen {}", of) : fmt::format("proposal {}", -1 - of));
      return;
    }
  }
  queue(std::move(proposal), std::move(mutation.child));
}

void EvolutionRunner::end_proposal(store::ProposalRecord proposal, store::ProposalFate fate,
                                   std::string detail) {
  ++fruitless_;
  MutationFeedback feedback;
  feedback.proposal = proposal.id;
  feedback.mutator = proposal.mutator;
  parts_.mutator->learn(feedback);
  proposal.fate = fate;
  proposal.detail = std::move(detail);
  parts_.store->put_proposal(std::move(proposal));
  parts_.store->put_state("mutator", parts_.mutator->save());
}

void EvolutionRunner::queue(store::ProposalRecord proposal, Program candidate) {
  fruitless_ = 0;
  Evaluation evaluation;
  evaluation.id = next_evaluation_++;
  evaluation.key.evaluation = evaluation.id;
  evaluation.token = new_token(evaluation.key);
  if (proposal.program_key.empty()) proposal.program_key = candidate.key();
  setup_.known_programs.emplace(proposal.program_key, -1 - proposal.id);
  evaluation.proposal = proposal;
  proposal.candidate = candidate.encode();
  evaluation.program = std::make_shared<const Program>(std::move(candidate));
  store::AttemptRecord attempt;
  attempt.token = evaluation.token;
  attempt.evaluation = evaluation.id;
  parts_.store->queue_evaluation(evaluation.id, std::move(proposal), std::move(attempt));
  to_journal_.push_back(evaluation.id);
  book_.add(std::move(evaluation));
}

// One barrier for all that this turn journaled: evaluations become ready, and records public,
// together. What needs no barrier (refs, ended proposals) goes with the next one or the next tick,
// unless it tells of an effect that outlives this machine.
void EvolutionRunner::journal() {
  const bool outside = std::any_of(parts_.launchers.begin(), parts_.launchers.end(), [](auto* l) {
    return l->capabilities().effects_outside_machine;
  });
  if (to_journal_.empty() && to_publish_.empty()) {
    if (outside) parts_.store->hand_over();
    return;
  }
  const bool intents = !to_journal_.empty();
  if (intents) failpoint("runner.journal.before");
  parts_.store->when_committed(
      outside && intents ? store::Commit::power : store::Commit::process,
      [this, ids = std::move(to_journal_), orders = std::move(to_publish_)]() mutable {
        if (!ids.empty()) {
          failpoint("runner.journal.after");
          mailbox_.push(Journaled{std::move(ids)});
        }
        if (!orders.empty()) mailbox_.push(Committed{std::move(orders)});
      });
  to_journal_.clear();
  to_publish_.clear();
}

void EvolutionRunner::handle(Journaled& event) {
  const auto now = parts_.clock->steady();
  for (const std::int64_t id : event.evaluations) {
    Evaluation* evaluation = book_.find(id);
    if (evaluation == nullptr || evaluation->state != State::journaling) continue;
    book_.move_to(*evaluation, evaluation->retry_at > now ? State::waiting : State::ready);
  }
}

std::size_t EvolutionRunner::slots() const {
  int offered = 0;
  for (const int capacity : capacity_) offered += capacity;
  return static_cast<std::size_t>(std::clamp(offered, 0, setup_.config.max_parallel_jobs));
}

// The one with most room, or the one that an earlier session's job belongs to. A launcher that
// prepares ahead is given one more job per slot, so that its slots never wait for us.
std::optional<std::size_t> EvolutionRunner::launcher_for(const Evaluation& next) const {
  if (next.reattach_ref) {
    for (std::size_t i = 0; i < parts_.launchers.size(); ++i) {
      if (parts_.launchers[i]->name() == next.reattach_ref->backend) return i;
    }
  }
  const auto room = [&](std::size_t i) { return capacity_[i] - busy_[i]; };
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < capacity_.size(); ++i) {
    if (room(i) > room(chosen)) chosen = i;
  }
  if (room(chosen) > 0 && book_.count(State::running) < slots()) return chosen;
  for (std::size_t i = 0; i < capacity_.size(); ++i) {
    if (parts_.launchers[i]->capabilities().prepares_ahead && room(i) > -capacity_[i]) return i;
  }
  return std::nullopt;
}

void EvolutionRunner::submit_ready() {
  if (stop_ != StopReason::none || paused()) return;
  const auto now = parts_.clock->steady();
  while (policy_.may_submit(now)) {
    Evaluation* next = book_.next_ready();
    if (next == nullptr) return;
    const auto found = launcher_for(*next);
    if (!found) return;
    const std::size_t chosen = *found;
    next->launcher = chosen;
    ++busy_[chosen];
    policy_.on_submit(now);
    book_.move_to(*next, State::running);
    launch::JobSpec spec = parts_.planner->plan(*next->program, next->key, next->token);
    failpoint("runner.submit.before");
    if (next->reattach) {
      launch::Reattach job;
      job.spec = std::move(spec);
      job.ref = next->reattach_ref;
      parts_.launchers[chosen]->reattach(std::move(job));
    } else {
      parts_.launchers[chosen]->submit(std::move(spec));
    }
    failpoint("runner.submit.after");
  }
}

void EvolutionRunner::handle(LaunchEvent& event) {
  std::visit([&](auto& happened) { on_launch(event.launcher, happened); }, event.event);
}

void EvolutionRunner::on_launch(std::size_t launcher, launch::Accepted& event) {
  if (Evaluation* evaluation = book_.find_token(event.token)) evaluation->accepted = true;
  if (event.ref.text.empty()) return;
  // The launcher's name goes in front: with several of them the next session must ask the right
  // one.
  parts_.store->set_attempt_ref(
      std::move(event.token),
      fmt::format("{} {}", parts_.launchers[launcher]->name(), event.ref.text));
}

void EvolutionRunner::on_launch(std::size_t, launch::Started&) {}

void EvolutionRunner::on_launch(std::size_t launcher, launch::Capacity& event) {
  capacity_[launcher] = event.slots;
  meter_.status().slots = static_cast<int>(slots());
  if (!event.reason.empty()) notice(event.reason);
}

void EvolutionRunner::on_launch(std::size_t, launch::Usage& event) {
  parts_.store->put_usage(usage_record(std::move(event)));
}

void EvolutionRunner::on_launch(std::size_t launcher, launch::Finished& event) {
  --busy_[launcher];
  Evaluation* evaluation = book_.find_token(event.token);
  if (evaluation == nullptr || evaluation->state != State::running) return;
  if (launch::is_infrastructure_failure(event.outcome.kind) ||
      event.outcome.kind == launch::JobOutcomeKind::cancelled) {
    if (event.results.folder) parts_.results->discard(event.results.folder->parent_path());
    if (stop_ != StopReason::none && !evaluation->accepted && !evaluation->reattach) {
      return book_.move_to(*evaluation, State::ready);  // Never begun: it waits in the journal.
    }
    retry_or_abandon(*evaluation, event.outcome);
    return;
  }
  policy_.on_success();
  book_.move_to(*evaluation, State::reading);
  OutcomeRead read;
  read.evaluation = evaluation->id;
  read.job = std::move(event.outcome);
  if (event.results.folder) read.work_dir = event.results.folder->parent_path();
  if (reads_at_once(event.results)) {
    read_outcome(read, event.results, *parts_.planner);
    return handle(read);
  }
  auto shared = std::make_shared<OutcomeRead>(std::move(read));
  parts_.file_workers->run(
      [shared, planner = parts_.planner, results = std::move(event.results)] {
        read_outcome(*shared, results, *planner);
      },
      [this, shared] { mailbox_.push(std::move(*shared)); });
}

}  // namespace genesis::evolve
