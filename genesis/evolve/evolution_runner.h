#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "evaluators/evaluator_watch.h"
#include "evaluators/job_planner.h"
#include "genesis/async/mailbox.h"
#include "genesis/async/offload.h"
#include "genesis/base/clock.h"
#include "genesis/evolve/attempt_policy.h"
#include "genesis/evolve/evaluation_book.h"
#include "genesis/evolve/known_programs.h"
#include "genesis/evolve/mutator.h"
#include "genesis/evolve/population.h"
#include "genesis/evolve/progress_meter.h"
#include "genesis/evolve/results_sink.h"
#include "genesis/evolve/run_config.h"
#include "genesis/evolve/seed_queue.h"
#include "genesis/evolve/source_cache.h"
#include "genesis/evolve/stop_conditions.h"
#include "genesis/store/run_store.h"
#include "genesis/ui/status.h"
#include "launch/launcher.h"

namespace genesis::evolve {

/// What a runner works with. All borrowed for its life, which is that of the I/O context's work.
struct RunnerParts {
  boost::asio::io_context* io = nullptr;
  const Clock* clock = nullptr;
  WorkerPool* file_workers = nullptr;
  store::RunStore* store = nullptr;
  Population* population = nullptr;
  SourceCache* sources = nullptr;
  Mutator* mutator = nullptr;
  const evaluators::JobPlanner* planner = nullptr;
  evaluators::EvaluatorWatch* watch = nullptr;  ///< Null: the evaluator cannot change.
  ResultsSink* results = nullptr;
  std::vector<launch::Launcher*> launchers;
  std::vector<StatusObserver*> observers;
  /// Whether free space is too short to go on. Called every second.
  std::function<std::optional<SpaceTrouble>()> space_trouble;
};

/// What identifies the run and where it stands.
struct RunnerSetup {
  EvolutionConfig config;
  std::uint64_t seed = 0;
  std::string run_id;
  std::vector<Seed> seeds;           ///< What the run starts from; those recorded are passed over.
  std::vector<std::string> notices;  ///< To be told at the start.
  std::int64_t target_generations = 0;
  std::int64_t rescored = 0;  ///< Programs of epochs before, evaluated again: beyond the limits.
  store::LoadedRun loaded;
  KnownPrograms known_programs;          ///< With generations, or -1 - proposal while queued.
  RunStatus status;                      ///< Restored counts of earlier sessions.
  std::chrono::milliseconds elapsed{0};  ///< Of earlier sessions.
  bool results_on_this_machine = true;   ///< Not on a network file system.
};

/// The one visible loop: draw, mutate, journal, evaluate, record, repeat. Seeds come first.
///
/// Everything runs on the I/O thread; CPU work goes to the worker pool and comes back as an event.
/// `docs/architecture.md`, "The path of one evaluation", tells the order of the effects.
class EvolutionRunner {
 public:
  EvolutionRunner(RunnerParts parts, RunnerSetup setup);
  ~EvolutionRunner();

  /// Runs to the end. Completes when nothing is in flight, everything is committed and the
  /// launchers are closed (after an abort: when the launchers are closed).
  boost::asio::awaitable<StopReason> run();

  // From other code on the I/O thread.
  void request_stop();  ///< Once: drain. Twice: abort.
  void extend(std::int64_t generations);
  void store_trouble(const Status& status);
  const RunStatus& status();
  /// Why the run ended, for seed_failed and error.
  const std::string& message() const { return message_; }

 private:
  struct Mutated {
    std::int64_t proposal;
    Mutator::Answer answer;
  };
  struct Journaled {
    std::vector<std::int64_t> evaluations;
  };
  struct LaunchEvent {
    std::size_t launcher;
    launch::Event event;
  };
  struct OutcomeRead {
    std::int64_t evaluation;
    launch::JobOutcome job;
    std::filesystem::path work_dir;
    evaluators::EvaluationOutcome outcome;
    std::string log_tail;
    std::int64_t log_bytes = 0;
  };
  struct Committed {
    std::vector<PublishOrder> published;
  };
  struct EvaluatorSeen {
    evaluators::EvaluatorComparison seen;
  };
  struct Tick {};
  struct Woken {};
  using Event = std::variant<Mutated, Journaled, LaunchEvent, OutcomeRead, Committed, EvaluatorSeen,
                             Tick, Woken>;
  struct DrawnProposal {
    Draw draw;
    double parent_score;
  };

  // The loop's verbs, in its order.
  Status open_launchers();
  void take_up_the_past();
  void start_seeds();
  void start_proposals();
  void journal();
  std::optional<std::size_t> launcher_for(const Evaluation& next) const;
  void submit_ready();
  void handle(Mutated& event);
  void handle(Journaled& event);
  void handle(LaunchEvent& event);
  void handle(OutcomeRead& event);
  void handle(Committed& event);
  void handle(EvaluatorSeen& event);
  void handle(Tick& event);
  void handle(Woken&) {}
  void record_finished();
  void check_stop();
  void report();
  bool in_flight() const;
  boost::asio::awaitable<void> take_commits();
  boost::asio::awaitable<void> finish();

  void on_launch(std::size_t launcher, launch::Accepted& event);
  void on_launch(std::size_t launcher, launch::Started& event);
  void on_launch(std::size_t launcher, launch::Finished& event);
  void on_launch(std::size_t launcher, launch::Capacity& event);
  void on_launch(std::size_t launcher, launch::Usage& event);

  void take_up(store::PendingEvaluation& pending);
  void begin_anew(Evaluation& evaluation);
  void put_into_book(Evaluation evaluation);
  void let_others_go();
  void take_up_seeds();
  void adopt(const Seed& seed, store::ProposalRecord proposal);
  void settle_seed(const std::string& program_key, std::int64_t generation);
  void check_seeds();
  bool can_repair() const;
  void queue(store::ProposalRecord proposal, Program candidate);
  void end_proposal(store::ProposalRecord proposal, store::ProposalFate fate, std::string detail);
  bool reads_at_once(const launch::JobResults& results) const;
  static void read_outcome(OutcomeRead& read, const launch::JobResults& results,
                           const evaluators::JobPlanner& planner);
  void retry_or_abandon(Evaluation& evaluation, const launch::JobOutcome& outcome);
  void record(Evaluation& evaluation, OutcomeRead& event);
  MutationFeedback feedback_on(const store::ProgramRecord& program) const;
  store::ProgramRecord program_record(const Evaluation& evaluation, OutcomeRead& event) const;
  void stop_for(StopReason reason, std::string message = {});
  void stop_for_evaluator(const evaluators::EvaluatorComparison& seen);
  bool has_room() const;
  bool may_draw() const;
  bool paused() const;
  std::size_t slots() const;
  std::string new_token(const launch::AttemptKey& key) const;
  Specimen specimen(std::int64_t generation);
  std::chrono::milliseconds elapsed() const;
  void notice(std::string text);
  void tell_pause(PauseCause cause, const std::string& reason);
  void tell_end_of_pause();
  void arm_tick();

  RunnerParts parts_;
  RunnerSetup setup_;
  Mailbox<Event> mailbox_;
  boost::asio::steady_timer tick_;
  boost::asio::steady_timer look_;
  SeedQueue seeds_;
  EvaluationBook book_;
  AttemptPolicy policy_;
  ProgressMeter meter_;
  std::vector<int> capacity_;  // per launcher
  std::vector<int> busy_;      // per launcher
  std::unordered_map<std::int64_t, DrawnProposal> mutating_;
  std::vector<OutcomeRead> finished_;     // read, and not yet known to be of this evaluator
  std::vector<Evaluation> behind_first_;  // of an earlier session: the first seed goes alone
  bool looking_ = false;                  // at the evaluator's files, on a file thread
  std::chrono::steady_clock::time_point next_look_{};
  std::vector<std::int64_t> to_journal_;
  std::vector<PublishOrder> to_publish_;
  std::size_t uncommitted_ = 0;
  std::int64_t next_proposal_ = 0;
  std::int64_t next_evaluation_ = 0;
  std::int64_t fruitless_ = 0;
  StopReason stop_ = StopReason::none;
  bool aborting_ = false;
  std::string message_;
  std::string seed_failure_;  // the last, while there is no correct program
  std::string space_trouble_;
  std::string store_trouble_;
  std::optional<std::chrono::steady_clock::time_point> started_;
  std::chrono::steady_clock::time_point next_space_check_;
};

}  // namespace genesis::evolve
