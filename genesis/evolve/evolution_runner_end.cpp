// The runner's other half: stopping, pausing, telling. The loop itself is in evolution_runner.cpp.
#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "genesis/base/hash.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/evolve/evolution_runner.h"

namespace genesis::evolve {

using State = Evaluation::State;
using std::chrono::milliseconds;

void EvolutionRunner::check_stop() {
  check_seeds();
  if (stop_ != StopReason::none) return;
  Progress progress;
  progress.generations = parts_.population->size() - 1;
  progress.evaluations = meter_.status().evaluations - setup_.rescored;
  progress.elapsed = elapsed();
  if (const auto best = parts_.population->best()) {
    progress.best_score = parts_.population->member(*best).score;
    progress.best_generation = *best;
  }
  progress.fruitless_proposals = fruitless_;
  const StopReason reason = stop_reason(setup_.config, setup_.target_generations, progress);
  if (reason != StopReason::none) stop_for(reason);
}

void EvolutionRunner::stop_for(StopReason reason, std::string message) {
  if (stop_ == StopReason::none || reason == StopReason::seed_failed ||
      reason == StopReason::evaluator_changed || reason == StopReason::error) {
    stop_ = reason;
    message_ = std::move(message);
  }
  meter_.status().state = "draining";
  for (launch::Launcher* launcher : parts_.launchers) launcher->drain();
}

void EvolutionRunner::request_stop() {
  const bool interrupted_before = stop_ == StopReason::interrupted;
  if (stop_ == StopReason::none) {
    stop_for(StopReason::interrupted);
    const auto running = std::min(book_.count(State::running), slots());
    notice(running == 0
               ? std::string("stopping")
               : fmt::format("stopping: waiting for {} running evaluation{} (again to abort)",
                             running, running == 1 ? "" : "s"));
  } else {
    aborting_ = true;
    if (interrupted_before) stop_ = StopReason::aborted;
  }
  mailbox_.push(Woken{});
}

void EvolutionRunner::extend(std::int64_t generations) {
  setup_.target_generations += generations;
  meter_.status().target_generations = setup_.target_generations;
  parts_.store->put_state("target_generations", std::to_string(setup_.target_generations));
  mailbox_.push(Woken{});
}

void EvolutionRunner::store_trouble(const Status& status) {
  if (status) {
    store_trouble_.clear();
    notice("the store can be written again");
    tell_end_of_pause();
  } else if (status.error().kind == ErrorKind::internal) {
    log::error("store: {}", status.error().message);
  } else {
    store_trouble_ = status.error().message;
    const bool for_good =
        status.error().kind == ErrorKind::conflict || status.error().kind == ErrorKind::parse;
    if (for_good) {
      stop_for(StopReason::error, store_trouble_);
      aborting_ = true;
    } else {
      notice(fmt::format("paused: the store cannot be written: {}", store_trouble_));
      tell_pause(PauseCause::store, store_trouble_);
    }
  }
  mailbox_.push(Woken{});
}

bool EvolutionRunner::paused() const {
  return !space_trouble_.empty() || !store_trouble_.empty();
}

// Journaled evaluations that wait for a slot are not in flight: the next session takes them up.
bool EvolutionRunner::in_flight() const {
  return !mutating_.empty() || book_.count(State::running) + book_.count(State::reading) > 0;
}

void EvolutionRunner::handle(Tick&) {
  const auto now = parts_.clock->steady();
  book_.wake(now);
  parts_.store->hand_over();
  if (now >= next_space_check_ && parts_.space_trouble) {
    next_space_check_ = now + milliseconds(1000);
    const std::optional<SpaceTrouble> trouble = parts_.space_trouble();
    const std::string text = trouble ? trouble->text : std::string();
    if (text != space_trouble_) {
      notice(trouble ? "paused: " + text : "space is free again: going on");
      space_trouble_ = text;
      if (trouble)
        tell_pause(trouble->cause, text);
      else
        tell_end_of_pause();
    }
  }
  arm_tick();
}

void EvolutionRunner::arm_tick() {
  tick_.expires_after(milliseconds(100));
  tick_.async_wait([this](const boost::system::error_code& stopped) {
    if (!stopped) mailbox_.push(Tick{});
  });
}

const RunStatus& EvolutionRunner::status() {
  RunStatus& status = meter_.status();
  meter_.refresh(parts_.clock->steady());
  status.elapsed = elapsed();
  status.slots_busy = static_cast<int>(std::min(book_.count(State::running), slots()));
  status.queued = static_cast<int>(book_.size() - book_.count(State::reading)) - status.slots_busy;
  status.target_generations = setup_.target_generations;
  if (stop_ == StopReason::none) status.state = paused() ? "paused" : "running";
  return status;
}

void EvolutionRunner::report() {
  if (!meter_.due(parts_.clock->steady())) return;
  const RunStatus& now = status();
  for (StatusObserver* observer : parts_.observers) observer->on_progress(now);
}

void EvolutionRunner::notice(std::string text) {
  log::info("{}", text);
  meter_.status().notice = text;
  for (StatusObserver* observer : parts_.observers) observer->on_notice(text);
}

void EvolutionRunner::tell_pause(PauseCause cause, const std::string& reason) {
  for (StatusObserver* observer : parts_.observers) observer->on_pause(cause, reason);
}

void EvolutionRunner::tell_end_of_pause() {
  if (paused()) return;
  for (StatusObserver* observer : parts_.observers) observer->on_go_on();
}

// At the end nothing matters any more but commits, which bring files to publish, and what has been
// used up to the last moment.
boost::asio::awaitable<void> EvolutionRunner::take_commits() {
  std::vector<Event> events = co_await mailbox_.receive();
  for (Event& event : events) {
    if (auto* committed = std::get_if<Committed>(&event)) handle(*committed);
    auto* told = std::get_if<LaunchEvent>(&event);
    auto* usage = told != nullptr ? std::get_if<launch::Usage>(&told->event) : nullptr;
    if (usage != nullptr) on_launch(told->launcher, *usage);
  }
}

// Nothing is left behind: launchers closed, everything committed, files published.
boost::asio::awaitable<void> EvolutionRunner::finish() {
  tick_.cancel();
  look_.cancel();
  for (launch::Launcher* launcher : parts_.launchers) {
    bool closed = false;
    launcher->close(milliseconds(aborting_ ? 2000 : 10'000), [this, &closed] {
      closed = true;
      mailbox_.push(Woken{});
    });
    while (!closed) co_await take_commits();
  }
  if (store_trouble_.empty()) {
    journal();
    const Status flushed = parts_.store->flush();
    if (!flushed) stop_for(StopReason::error, flushed.error().message);
    while (flushed && uncommitted_ > 0) co_await take_commits();
  }
  bool idle = false;
  parts_.results->when_idle([this, &idle] {
    idle = true;
    mailbox_.push(Woken{});
  });
  while (!idle) co_await take_commits();
}

Specimen EvolutionRunner::specimen(std::int64_t generation) {
  Specimen found;
  found.generation = generation;
  found.score = parts_.population->member(generation).score;
  auto source = parts_.sources->get(generation);
  if (!source) throw GenesisError(std::move(source.error()).with_context("read a parent program"));
  found.program = std::move(source->program);
  found.public_json = std::move(source->public_json);
  found.text_feedback = std::move(source->text_feedback);
  found.failure = std::move(source->failure);
  return found;
}

milliseconds EvolutionRunner::elapsed() const {
  if (!started_) return setup_.elapsed;
  return setup_.elapsed +
         std::chrono::duration_cast<milliseconds>(parts_.clock->steady() - *started_);
}

// Unique over all sessions: attempts are numbered in the journal, and the nonce tells apart a token
// that was handed out but never journaled.
std::string EvolutionRunner::new_token(const launch::AttemptKey& key) const {
  return fmt::format("{}-e{}.s{}.r{}.a{}-{}", setup_.run_id.substr(0, 8), key.evaluation, key.stage,
                     key.repeat, key.attempt, random_hex(6));
}

}  // namespace genesis::evolve
