// An evaluation counts only when the evaluator was the same at its start and at its end. The loop
// is in evolution_runner.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/log.h"
#include "genesis/evolve/evolution_runner.h"

namespace genesis::evolve {

using evaluators::EvaluatorChange;
using State = Evaluation::State;

// Evaluations that finished before a look that finds nothing changed are recorded after it: they
// ran with the evaluator that the session began with. A look at many files takes its time, so it is
// made less often then: at most about every fiftieth of the time goes into it, and nothing waits
// longer than 50 ms for one.
void EvolutionRunner::record_finished() {
  if (finished_.empty() || looking_ || stop_ == StopReason::evaluator_changed) return;
  if (parts_.watch != nullptr) {
    const auto now = parts_.clock->steady();
    if (now < next_look_) {
      look_.expires_at(next_look_);
      look_.async_wait([this](const boost::system::error_code& stopped) {
        if (!stopped) mailbox_.push(Woken{});
      });
      return;
    }
    if (!parts_.watch->untouched()) {
      looking_ = true;
      auto seen = std::make_shared<EvaluatorSeen>();
      parts_.file_workers->run([seen, watch = parts_.watch] { seen->seen = watch->look_again(); },
                               [this, seen] { mailbox_.push(std::move(*seen)); });
      return;
    }
    const auto after = parts_.clock->steady();
    next_look_ = after + std::min<std::chrono::steady_clock::duration>(
                             49 * (after - now), std::chrono::milliseconds(50));
  }
  for (OutcomeRead& event : std::exchange(finished_, {})) {
    Evaluation* evaluation = book_.find(event.evaluation);
    if (evaluation != nullptr) record(*evaluation, event);
  }
}

void EvolutionRunner::handle(EvaluatorSeen& event) {
  looking_ = false;
  if (event.seen.change == EvaluatorChange::changed) return stop_for_evaluator(event.seen);
  if (event.seen.change == EvaluatorChange::touched) {
    log::info("the evaluator's files were written, their content is as before");
  }
}

// What finished since nobody knows when, and what runs, belongs to neither evaluator: it stays in
// the journal and begins anew, here with the old one or in an epoch of the new one.
void EvolutionRunner::stop_for_evaluator(const evaluators::EvaluatorComparison& seen) {
  std::size_t dropped = 0;
  for (const Evaluation* evaluation : book_.all()) {
    if (evaluation->state != State::running && evaluation->state != State::reading) continue;
    parts_.store->finish_attempt(evaluation->token, "cancelled", "the evaluator changed");
    ++dropped;
  }
  for (OutcomeRead& event : std::exchange(finished_, {})) {
    if (!event.work_dir.empty()) parts_.results->discard(std::move(event.work_dir));
  }
  const std::string text = describe(seen);
  log::warning("the evaluator has changed: {}", text);
  stop_for(StopReason::evaluator_changed,
           fmt::format("{}; {} evaluation{} in flight dropped, nothing of the new evaluator is "
                       "recorded",
                       text, dropped, dropped == 1 ? " was" : "s were"));
  aborting_ = true;
}

}  // namespace genesis::evolve
