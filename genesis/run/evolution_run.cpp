#include "genesis/run/evolution_run.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include "evaluators/command_planner.h"
#include "genesis/async/offload.h"
#include "genesis/base/clock.h"
#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/home.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/evolve/evolution_runner.h"
#include "genesis/evolve/operator_mutator.h"
#include "genesis/program/language.h"
#include "genesis/run/callable_planner.h"
#include "genesis/run/control_request.h"
#include "genesis/run/control_server.h"
#include "genesis/run/evaluator_epochs.h"
#include "genesis/run/final_evaluation.h"
#include "genesis/run/folder_state.h"
#include "genesis/run/publisher.h"
#include "genesis/run/restored_history.h"
#include "genesis/run/run_events.h"
#include "genesis/run/run_folder.h"
#include "genesis/run/run_usage.h"
#include "genesis/run/seed_record.h"
#include "genesis/run/starting_programs.h"
#include "genesis/store/run_lock.h"
#include "genesis/store/run_store.h"

namespace genesis::run {

using nlohmann::json;

namespace {

class EvolutionRunImpl final : public EvolutionRun {
 public:
  EvolutionRunImpl(RunSpec spec, RunHost host)
      : spec_(std::move(spec)),
        host_(std::move(host)),
        own_io_(host_.io == nullptr ? std::make_unique<boost::asio::io_context>(1) : nullptr),
        io_(host_.io == nullptr ? *own_io_ : *host_.io) {}

  Status prepare(const LauncherFactory& factory, const MutatorFactory& mutator) {
    spec_.output_dir = fs::absolute(spec_.output_dir).lexically_normal();
    std::error_code ignored;
    const bool new_folder = !fs::exists(spec_.output_dir, ignored);
    Status prepared = prepare_in_folder(factory, mutator);
    if (!prepared && new_folder) {
      // A start that was refused leaves nothing behind.
      close_store();
      fs::remove_all(spec_.output_dir, ignored);
    }
    return prepared;
  }

  Status prepare_in_folder(const LauncherFactory& factory, const MutatorFactory& mutator) {
    GENESIS_TRY(make_directories(spec_.output_dir / ".genesis"));
    GENESIS_TRY_ASSIGN(lock_, store::RunLock::acquire(spec_.output_dir));
    if (own_io_) GENESIS_TRY(log::open_file(spec_.output_dir / "evolution_run.log"));
    GENESIS_TRY(open_store());
    GENESIS_TRY(identify());
    GENESIS_TRY(make_launcher(factory));
    GENESIS_TRY(make_planner());
    GENESIS_TRY(make_mutator(mutator));
    GENESIS_TRY(restore());
    GENESIS_TRY(make_runner());
    return resumed_ ? record_epoch() : begin_record();
  }

  void add_observer(StatusObserver* observer) override { observers_.push_back(observer); }
  bool resumed() const override { return resumed_; }

  void request_stop() override {
    post([this] { stop_what_runs(); });
  }

  RunSummary run() override {
    RunSummary summary;
    start([&](RunSummary ended) {
      summary = std::move(ended);
      io_.stop();
    });
    io_.run();
    return summary;
  }

  void start(std::function<void(RunSummary)> on_end) override {
    open_events();
    parts_.observers = observers_;
    runner_ = std::make_unique<evolve::EvolutionRunner>(parts_, std::move(setup_));
    auto control = ControlServer::listen(io_, control_socket_path(spec_.output_dir),
                                         [controls = controls()](const std::string& line) {
                                           return answer_request(line, controls);
                                         });
    if (control)
      control_ = std::move(*control);
    else
      log::warning("{}", control.error().message);
    put_status("running", StopReason::none);
    const RunStatus at_start = runner_->status();
    for (StatusObserver* observer : observers_) observer->on_start(at_start, resumed_);
    boost::asio::co_spawn(
        io_, runner_->run(),
        [this, on_end = std::move(on_end)](std::exception_ptr failure, StopReason reason) {
          RunSummary summary;
          summary.reason = failure ? StopReason::error : reason;
          if (failure) summary.message = message_of(failure);
          // The coroutine is gone only when this call has returned.
          post([this, summary = std::move(summary), on_end]() mutable {
            look_at_unseen_seeds(std::move(summary), on_end);
          });
        });
  }

 private:
  static std::string message_of(const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& known) {
      return known.what();
    }
  }

  /// On the loop, unless the run has ended by then. Any thread.
  template <typename Call>
  void post(Call call) {
    boost::asio::post(io_, [alive = watch_, call = std::move(call)]() mutable {
      if (!alive.expired()) call();
    });
  }

  Status open_store() {
    const fs::path folder = spec_.db.store_dir.empty()
                                ? spec_.output_dir
                                : fs::absolute(spec_.db.store_dir).lexically_normal();
    GENESIS_TRY(make_directories(folder));
    // A store folder of its own may serve several runs: the file is named after the results folder.
    store_file_ = spec_.db.store_dir.empty()
                      ? folder / "run.sqlite"
                      : folder / fmt::format("run-{}.sqlite",
                                             hash128_hex(spec_.output_dir.string()).substr(0, 12));
    GENESIS_TRY(forget_failed_seed(store_file_));
    store::StoreOptions options;
    options.file = store_file_;
    options.post = [this](std::function<void()> call) { post(std::move(call)); };
    options.on_trouble = [this](Status status) {
      if (runner_) runner_->store_trouble(status);
    };
    options.fence = lock_->fence();
    options.network_file_system = is_network_file_system(folder);
    GENESIS_TRY_ASSIGN(store_, store::RunStore::open(std::move(options)));
    return {};
  }

  // A new run exists from here on, when everything it needs has been found: a start that was
  // refused leaves nothing that a corrected one could disagree with. The configuration comes last,
  // because a store that has one is a run.
  Status begin_record() {
    GENESIS_TRY(store_->set_meta("run_id", run_id_));
    GENESIS_TRY(store_->set_meta("task", spec_.task));
    GENESIS_TRY(store_->set_meta("seed", std::to_string(spec_.seed)));
    GENESIS_TRY(store_->set_meta("created_at", std::to_string(clock_.unix_millis())));
    if (!evaluator_hash_.empty()) GENESIS_TRY(store_->set_meta("evaluator_hash", evaluator_hash_));
    // One seed is read again from its file; of several, each has its place in the record.
    const bool one_file = setup_.seeds.size() == 1 && setup_.seeds.front().mutator == "seed";
    store_->put_state("seeds", encode_seeds(one_file ? std::vector<evolve::Seed>() : setup_.seeds));
    epochs_.put(*store_);
    GENESIS_TRY(store_->flush());
    GENESIS_TRY(store_->set_meta("config_json", spec_.config_json));
    return write_run_pointer(spec_.output_dir,
                             spec_.db.store_dir.empty() ? fs::path("run.sqlite") : store_file_);
  }

  // What is found of the evaluator is written down before anything is evaluated; a new epoch with
  // all that it starts from, in one transaction.
  Status record_epoch() {
    if (!epochs_.has_something_to_put()) return {};
    failpoint("run.epoch.before");
    epochs_.put(*store_);
    if (epochs_.begins()) {
      store_->put_state("seeds", encode_seeds(setup_.seeds));
      store_->put_state("mutator", mutator_->save());
      store_->put_state("target_generations", std::to_string(setup_.target_generations));
    }
    for (store::PendingEvaluation& pending : setup_.loaded.pending) {
      if (pending.attempts.empty() || !epochs_.attempts_lost()) continue;
      store::AttemptRecord& last = pending.attempts.back();
      if (!last.outcome.empty()) continue;
      last.outcome = "cancelled";
      store_->finish_attempt(last.token, last.outcome, "the evaluator's files were written");
    }
    GENESIS_TRY(store_->flush());
    failpoint("run.epoch.after");
    return {};
  }

  // The results folder names the run: the same configuration goes on, another is refused.
  Status identify() {
    if (spec_.config_json == "{}") spec_.config_json = config_json_of(spec_);
    const auto stored = store_->meta("config_json");
    resumed_ = stored.has_value();
    if (!resumed_) {
      run_id_ = random_hex(16);
      return {};
    }
    run_id_ = store_->meta("run_id").value_or("");
    return same_configuration(spec_.output_dir, *stored, spec_.config_json);
  }

  Status make_launcher(const LauncherFactory& factory) {
    launcher_factory_ = factory;
    GENESIS_TRY_ASSIGN(launcher_, new_launcher());
    return {};
  }

  Result<std::unique_ptr<launch::Launcher>> new_launcher() {
    launch::LauncherContext context;
    context.io = &io_;
    context.run_id = run_id_;
    context.run_dir = spec_.output_dir;
    context.max_parallel_jobs = spec_.evo.max_parallel_jobs;
    context.seed = spec_.seed;
    if (launcher_factory_) return launcher_factory_(context);
    const launch::Backend* backend = launch::find_backend(spec_.job.type);
    if (backend == nullptr) {
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("unknown job type '{}'", spec_.job.type));
    }
    const json options = json::parse(spec_.job.options_json);
    evaluation_ = backend->parse(options, spec_.job.option_path);
    if (host_.launcher) return host_.launcher();
    return backend->make(options, context);
  }

  Status make_planner() {
    const Language* language = find_language(spec_.evo.language);
    if (language == nullptr) {
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("unknown language '{}'{}", spec_.evo.language,
                                    did_you_mean(spec_.evo.language, language_names())));
    }
    language_ = language;
    if (!launcher_->capabilities().runs_commands) {
      planner_ = std::make_unique<CallablePlanner>(evaluation_.limits);
      return {};
    }
    GENESIS_TRY_ASSIGN(
        auto planner, evaluators::CommandPlanner::create(evaluation_, *language, spec_.output_dir));
    for (const std::string& seed : seed_paths(spec_.evo)) {
      if (language->name == "python") planner.expect_imports_of(fs::absolute(find_data_file(seed)));
    }
    log::info("evaluator: {}", fmt::join(planner.command(), " "));
    evaluator_hash_ = planner.evaluator_hash();
    EvaluatorEpochs::Request request;
    request.sources = identity_of(planner, spec_.evo, spec_.output_dir);
    request.legacy_hash = evaluator_hash_;
    request.run_dir = spec_.output_dir;
    request.resumed = resumed_;
    request.policy = policy();
    request.now_millis = clock_.unix_millis();
    GENESIS_TRY_ASSIGN(epochs_, EvaluatorEpochs::enter(*store_, std::move(request)));
    planner.set_identity_hash(epochs_.hash());
    planner_ = std::make_unique<evaluators::CommandPlanner>(std::move(planner));
    return {};
  }

  launch::OnEvaluatorChange policy() const {
    return spec_.new_epoch ? launch::OnEvaluatorChange::new_epoch : evaluation_.on_evaluator_change;
  }

  Status make_mutator(const MutatorFactory& factory) {
    // Evaluations that are processes want the processors on which TBB's workers would look for
    // work.
    const bool elsewhere = launcher_->capabilities().runs_commands;
    workers_ =
        std::make_unique<WorkerPool>(io_, 0, elsewhere ? WorkKind::waits : WorkKind::computes);
    if (factory) {
      GENESIS_TRY_ASSIGN(mutator_, factory(*workers_, *language_));
      return {};
    }
    evolve::OperatorMutatorOptions options;
    options.operators = spec_.mutation.operators;
    options.adaptive = spec_.mutation.adaptive;
    options.language = language_;
    options.max_tries = spec_.evo.max_patch_attempts;
    options.syntax_check = spec_.evo.syntax_check;
    GENESIS_TRY_ASSIGN(mutator_, evolve::OperatorMutator::create(*workers_, std::move(options)));
    return {};
  }

  Status restore() {
    population_ =
        std::make_unique<evolve::Population>(spec_.db, spec_.seed, epochs_.first_generation());
    sources_ = std::make_unique<evolve::SourceCache>(*store_, host_.source_cache_bytes);
    constexpr int kFileThreads = 2;
    file_workers_ = std::make_unique<WorkerPool>(io_, kFileThreads, WorkKind::waits);
    publisher_ = std::make_unique<Publisher>(*file_workers_, spec_.output_dir, spec_.results,
                                             language_->extension);
    GENESIS_TRY_ASSIGN(RestoredHistory history, restore_history(*store_, *population_));
    // What was learnt from another evaluator's scores is worth nothing.
    if (const auto saved = store_->state("mutator"); saved && !epochs_.begins()) {
      GENESIS_TRY(mutator_->load(*saved));
    }
    setup_.loaded = std::move(history.loaded);
    setup_.known_programs = std::move(history.known_programs);
    setup_.status.outcomes = std::move(history.outcomes);
    setup_.status.initial_score = history.initial_score;
    GENESIS_TRY_ASSIGN(improvements_, store_->improvements());
    publisher_->sweep(
        [&](std::int64_t evaluation) -> std::optional<evolve::PublishOrder> {
          const auto generation = store_->generation_of(evaluation);
          if (!generation || !*generation) return std::nullopt;
          return publish_order_of(*store_, **generation);
        },
        epochs_.attempts_lost() ? std::set<fs::path>() : folders_in_flight(setup_.loaded));
    if (epochs_.number() > 1 && !population_->best()) {
      set_aside_best(spec_.output_dir, epochs_.number() - 1);
    }
    return {};
  }

  Status make_runner() {
    RunStatus& status = setup_.status;
    const store::Counters& counters = setup_.loaded.counters;
    status.run_id = run_id_;
    status.task = spec_.task;
    status.output_dir = spec_.output_dir.string();
    status.proposals = counters.proposals;
    status.duplicates = counters.duplicates;
    status.programs = population_->size();
    status.evaluations = population_->size();
    status.generation = std::max<std::int64_t>(0, population_->size() - 1);
    status.slots = spec_.evo.max_parallel_jobs;
    if (const auto best = population_->best()) {
      status.has_best = true;
      status.best_generation = *best;
      status.best_score = population_->member(*best).score;
    }
    setup_.config = spec_.evo;
    setup_.seed = spec_.seed;
    setup_.run_id = run_id_;
    setup_.target_generations = spec_.evo.num_generations;
    if (const auto extended = store_->state("target_generations")) {
      setup_.target_generations = std::stoll(*extended);
    }
    status.target_generations = setup_.target_generations;
    if (const auto elapsed = store_->state("elapsed_millis")) {
      setup_.elapsed = std::chrono::milliseconds(std::stoll(*elapsed));
    }
    GENESIS_TRY(find_seeds());
    if (epochs_.begins()) {
      setup_.target_generations += static_cast<std::int64_t>(setup_.seeds.size());
      status.target_generations = setup_.target_generations;
    }
    setup_.rescored = epochs_.rescored();
    if (auto text = epochs_.notice(); !text.empty()) setup_.notices.push_back(std::move(text));
    setup_.results_on_this_machine = !is_network_file_system(spec_.output_dir);
    parts_.io = &io_;
    parts_.clock = &clock_;
    parts_.file_workers = file_workers_.get();
    parts_.store = store_.get();
    parts_.population = population_.get();
    parts_.sources = sources_.get();
    parts_.mutator = mutator_.get();
    parts_.planner = planner_.get();
    parts_.watch = epochs_.watch();
    parts_.launchers = {launcher_.get()};
    return {};
  }

  Status find_seeds() {
    if (epochs_.begins()) {
      GENESIS_TRY_ASSIGN(setup_.seeds, epochs_.choose_seeds(*store_, spec_.evo.epoch_seeds));
      return {};
    }
    const auto stored = resumed_ ? store_->state("seeds") : std::nullopt;
    if (stored) {
      GENESIS_TRY_ASSIGN(setup_.seeds, decode_seeds(*stored));
    }
    if (setup_.seeds.empty() && population_->size() == 0 && setup_.loaded.pending.empty()) {
      GENESIS_TRY_ASSIGN(StartingPrograms start,
                         gather_starting_programs(spec_.evo, spec_.db.num_islands));
      setup_.seeds = std::move(start.seeds);
      setup_.notices = std::move(start.notices);
    }
    return {};
  }

  void open_events() {
    RunEvents::Past past{std::move(improvements_), population_->size()};
    events_ = std::make_unique<RunEvents>(spec_, run_id_, std::move(past), io_, clock_, observers_);
    observers_.push_back(events_.get());
    parts_.results = &events_->announcing(*publisher_);
    parts_.space_trouble = [this] {
      return events_->look_for_space({spec_.output_dir, store_file_.parent_path()});
    };
  }

  RunControls controls() {
    return {[this] { return status_with_usage(); }, [this] { stop_what_runs(); },
            [this](std::int64_t by) { runner_->extend(by); }};
  }

  RunStatus status_with_usage() {
    RunStatus status = runner_->status();
    if (const auto used = store_->usage()) status.usage = usage_rows(*used);
    return status;
  }

  void put_status(std::string_view state, StopReason reason) {
    const json status{{"state", state}, {"reason", to_string(reason)}};
    store_->put_state("status", status.dump());
    store_->hand_over();
  }

  void stop_what_runs() {
    if (ending_) return events_->give_up();
    if (final_) return final_->stop();
    if (runner_) runner_->request_stop();
  }

  // A run that has reached its end evaluates its best programs on seeds that the search never saw.
  void look_at_unseen_seeds(RunSummary summary, const std::function<void(RunSummary)>& on_end) {
    const auto end = [this, on_end](RunSummary ended) {
      if (final_ && ended.reason != StopReason::error) {
        ended.unseen_seeds = describe(final_->scores());
        final_->write_beside_best();
      }
      finish(std::move(ended), on_end);
    };
    if (spec_.evo.final_repeats == 0 || !is_search_end(summary.reason)) return end(summary);
    FinalEvaluation::Parts parts;
    parts.io = &io_;
    parts.store = store_.get();
    parts.population = population_.get();
    parts.watch = epochs_.watch();
    parts.epoch = epochs_.number();
    parts.evaluator_hash = epochs_.hash();
    parts.run_dir = spec_.output_dir;
    parts.notice = [this](const std::string& text) {
      for (StatusObserver* observer : observers_) observer->on_notice(text);
    };
    final_ = std::make_unique<FinalEvaluation>(std::move(parts), spec_.evo);
    if (!final_->has_work()) return end(summary);
    const Status begun = begin_final([summary, end](FinalEnd how) mutable {
      if (how == FinalEnd::interrupted) summary.reason = StopReason::interrupted;
      if (how == FinalEnd::evaluator_changed) {
        summary.reason = StopReason::evaluator_changed;
        summary.message = "its files were written while the best programs were evaluated again";
      }
      end(std::move(summary));
    });
    if (begun) return;
    summary.reason = StopReason::error;
    summary.message = begun.error().message;
    end(std::move(summary));
  }

  Status begin_final(std::function<void(FinalEnd)> on_end) {
    GENESIS_TRY_ASSIGN(auto launcher, new_launcher());
    GENESIS_TRY_ASSIGN(auto planner, new_planner(final_->work_dir()));
    return final_->start(std::move(launcher), std::move(planner), std::move(on_end));
  }

  Result<std::unique_ptr<evaluators::JobPlanner>> new_planner(const fs::path& folder) {
    if (!launcher_->capabilities().runs_commands) {
      return std::make_unique<CallablePlanner>(evaluation_.limits);
    }
    GENESIS_TRY_ASSIGN(auto planner,
                       evaluators::CommandPlanner::create(evaluation_, *language_, folder));
    planner.set_identity_hash(epochs_.hash());
    return std::make_unique<evaluators::CommandPlanner>(std::move(planner));
  }

  void finish(RunSummary summary, std::function<void(RunSummary)> on_end) {
    control_.reset();
    if (summary.message.empty()) summary.message = runner_->message();
    if (summary.reason == StopReason::evaluator_changed) {
      summary.new_epoch_allowed = policy() == launch::OnEvaluatorChange::new_epoch;
      if (!summary.new_epoch_allowed) {
        summary.message += ". " + evaluator_remedy(spec_.output_dir);
      }
    }
    summary.status = runner_->status();
    summary.status.state = "finished";
    put_status(is_resumable(summary.reason) ? "interrupted" : "finished", summary.reason);
    store_->put_state("elapsed_millis", std::to_string(summary.status.elapsed.count()));
    const Status flushed = store_->flush();
    if (!flushed && summary.message.empty()) summary.message = flushed.error().message;
    if (const auto used = store_->usage()) summary.status.usage = usage_rows(*used);
    if (const auto best = population_->best()) {
      summary.best = published_best(*store_, population_->member(*best), spec_.output_dir,
                                    language_->extension);
    }
    ending_ = true;
    events_->end(summary, [this, summary, on_end = std::move(on_end)]() mutable {
      summary.hooks = events_->hooks_summary();
      let_go(summary);
      on_end(std::move(summary));
    });
  }

  void let_go(const RunSummary& summary) {
    for (StatusObserver* observer : observers_) observer->on_finish(summary.status, summary.reason);
    log::info("ended: {} {}", to_string(summary.reason), summary.message);
    log::flush();
    close_store();
  }

  // The folder is free for others from here on, whoever still holds this object. What is posted and
  // not delivered finds nobody any more.
  void close_store() {
    alive_.reset();
    workers_.reset();
    file_workers_.reset();
    runner_.reset();
    events_.reset();
    sources_.reset();
    store_.reset();
    lock_.reset();
  }

  // In the order of their making: what others borrow comes first and goes last.
  RunSpec spec_;
  RunHost host_;
  SystemClock clock_;
  std::unique_ptr<boost::asio::io_context> own_io_;  ///< Null on a host's loop.
  boost::asio::io_context& io_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  ///< Until the run has ended.
  const std::weak_ptr<int> watch_ = alive_;                ///< For what is posted.
  std::unique_ptr<store::RunLock> lock_;
  std::unique_ptr<store::RunStore> store_;
  fs::path store_file_;
  std::string run_id_;
  std::string evaluator_hash_;  ///< As runs of before epochs have it.
  EvaluatorEpochs epochs_;
  bool resumed_ = false;
  const Language* language_ = nullptr;
  launch::EvaluationOptions evaluation_;
  std::unique_ptr<WorkerPool> workers_;       ///< Mutations.
  std::unique_ptr<WorkerPool> file_workers_;  ///< Results are read and published.
  std::unique_ptr<launch::Launcher> launcher_;
  std::unique_ptr<evaluators::JobPlanner> planner_;
  std::unique_ptr<evolve::Mutator> mutator_;
  std::unique_ptr<evolve::Population> population_;
  std::unique_ptr<evolve::SourceCache> sources_;
  std::unique_ptr<Publisher> publisher_;
  std::vector<store::ProgramRecord> improvements_;  ///< Of earlier sessions, until it starts.
  std::unique_ptr<RunEvents> events_;
  bool ending_ = false;  ///< Only hooks are waited for.
  std::vector<StatusObserver*> observers_;
  evolve::RunnerParts parts_;
  evolve::RunnerSetup setup_;
  std::unique_ptr<evolve::EvolutionRunner> runner_;
  LauncherFactory launcher_factory_;
  std::unique_ptr<FinalEvaluation> final_;
  std::unique_ptr<ControlServer> control_;
};

}  // namespace

Result<std::unique_ptr<EvolutionRun>> EvolutionRun::prepare(RunSpec spec, LauncherFactory launcher,
                                                            MutatorFactory mutator) {
  auto run = std::make_unique<EvolutionRunImpl>(std::move(spec), RunHost{});
  GENESIS_TRY(run->prepare(launcher, mutator));
  return run;
}

Result<std::unique_ptr<EvolutionRun>> EvolutionRun::prepare(RunSpec spec, RunHost host) {
  auto run = std::make_unique<EvolutionRunImpl>(std::move(spec), std::move(host));
  GENESIS_TRY(run->prepare(nullptr, nullptr));
  return run;
}

Result<std::unique_ptr<EvolutionRun>> EvolutionRun::prepare(RunSpec spec) {
  return prepare(std::move(spec), nullptr, nullptr);
}

}  // namespace genesis::run
