#include "genesis/run/rescore.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

#include "evaluators/command_planner.h"
#include "genesis/base/clock.h"
#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/run/evaluation_batch.h"
#include "genesis/run/evaluator_epochs.h"
#include "genesis/run/evolution_run.h"
#include "genesis/store/run_store.h"

namespace genesis::run {

using nlohmann::json;

namespace {

std::int64_t epoch_of(const std::vector<store::Epoch>& epochs, std::int64_t generation) {
  std::int64_t number = 1;
  for (const store::Epoch& epoch : epochs) {
    if (epoch.first_generation <= generation) number = epoch.number;
  }
  return number;
}

/// "20261121T190000Z"
std::string file_stamp(std::int64_t unix_millis) {
  const std::time_t seconds = unix_millis / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

class RescoreImpl final : public Rescore {
 public:
  RescoreImpl(fs::path run_dir, RescoreOptions options)
      : run_dir_(fs::absolute(run_dir).lexically_normal()), options_(std::move(options)) {}

  ~RescoreImpl() override {
    std::error_code ignored;
    if (!work_dir_.empty()) fs::remove_all(work_dir_, ignored);
  }

  Status prepare() {
    GENESIS_TRY_ASSIGN(spec_, load_run_spec(run_dir_));
    GENESIS_TRY_ASSIGN(const fs::path file, store_file_of(run_dir_));
    GENESIS_TRY_ASSIGN(reader_, store::StoreReader::open(file));
    report_.run_dir = run_dir_.string();
    report_.repeats = options_.repeats;
    report_.unseen = options_.unseen;
    report_.started_at = clock_.unix_millis();
    GENESIS_TRY(choose());
    work_dir_ = run_dir_ / "rescore" / (".work-" + random_hex(8));
    GENESIS_TRY(make_directories(work_dir_ / ".genesis"));
    GENESIS_TRY(make_planner());
    compare_evaluator();
    return make_batch();
  }

  Result<RescoreReport> run() override {
    GENESIS_TRY(batch_->start(
        std::move(items_), [this](BatchResult result) { take(std::move(result)); },
        [this] { io_.stop(); }));
    io_.run();
    report_.complete = batch_->complete();
    batch_.reset();
    std::error_code ignored;
    fs::remove_all(work_dir_, ignored);
    GENESIS_TRY(write_report());
    return report_;
  }

  void request_stop() override {
    boost::asio::post(io_, [this] {
      if (batch_) batch_->stop();
    });
  }

  const fs::path& report_file() const override { return report_file_; }

 private:
  Status choose() {
    std::vector<store::ProgramRecord> chosen;
    if (options_.generations.empty()) {
      GENESIS_TRY_ASSIGN(chosen, reader_->top(options_.top));
      if (chosen.empty()) {
        return make_error(ErrorKind::not_found,
                          fmt::format("{}: no correct program is recorded yet", run_dir_.string()));
      }
    }
    const std::set<std::int64_t> named(options_.generations.begin(), options_.generations.end());
    for (const std::int64_t generation : named) {
      GENESIS_TRY_ASSIGN(store::ProgramRecord record, reader_->program(generation));
      chosen.push_back(std::move(record));
    }
    std::stable_sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) {
      return a.correct != b.correct ? a.correct : a.correct && a.score > b.score;
    });
    std::vector<store::Epoch> epochs;
    if (const auto state = reader_->state(store::kEpochsKey)) {
      GENESIS_TRY_ASSIGN(epochs, store::decode_epochs(*state));
    }
    for (const store::ProgramRecord& record : chosen) {
      RescoredProgram& program = report_.programs.emplace_back();
      program.generation = record.generation;
      program.recorded_score = record.score;
      program.recorded_correct = record.correct;
      program.recorded_outcome = record.outcome;
      program.epoch = epoch_of(epochs, record.generation);
      GENESIS_TRY_ASSIGN(Program source, reader_->source(record.generation));
      const auto shared = std::make_shared<const Program>(std::move(source));
      for (int repeat = 1; repeat <= options_.repeats; ++repeat) {
        BatchItem item{record.generation, shared, repeat, std::nullopt};
        if (options_.unseen) item.unseen_seed = repeat;
        items_.push_back(std::move(item));
      }
    }
    // Programs in turn: what is there after an interruption tells something of all of them.
    std::stable_sort(items_.begin(), items_.end(),
                     [](const BatchItem& a, const BatchItem& b) { return a.repeat < b.repeat; });
    return {};
  }

  Status make_planner() {
    const launch::Backend* backend = launch::find_backend(spec_.job.type);
    const Language* language = find_language(spec_.evo.language);
    if (backend == nullptr || language == nullptr) {
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("unknown job type '{}' or language '{}'", spec_.job.type,
                                    spec_.evo.language));
    }
    backend_ = backend;
    const auto evaluation =
        backend->parse(json::parse(spec_.job.options_json), spec_.job.option_path);
    GENESIS_TRY_ASSIGN(auto planner,
                       evaluators::CommandPlanner::create(evaluation, *language, work_dir_));
    planner_ = std::make_unique<evaluators::CommandPlanner>(std::move(planner));
    return {};
  }

  void compare_evaluator() {
    const auto now = evaluators::look_at_evaluator(identity_of(*planner_, spec_.evo, run_dir_));
    if (!now) {
      report_.evaluator_difference = now.error().message;
      return;
    }
    report_.evaluator = now->hash();
    RecordedEvaluator recorded;
    recorded.resumed = recorded.has_programs = true;
    recorded.legacy_hash = reader_->meta("evaluator_hash");
    if (const auto state = reader_->state(store::kEpochsKey)) {
      if (auto epochs = store::decode_epochs(*state)) recorded.epochs = std::move(*epochs);
    }
    if (!recorded.epochs.empty()) {
      report_.recorded_evaluator = recorded.epochs.back().evaluator_hash;
    }
    const EpochDecision decision =
        decide_epoch(recorded, *now, planner_->evaluator_hash(), launch::OnEvaluatorChange::refuse);
    if (decision.move == EpochMove::refuse) {
      report_.evaluator_difference = describe(decision.seen);
    }
  }

  Status make_batch() {
    EvaluationBatch::Parts parts;
    launch::LauncherContext context;
    context.io = &io_;
    context.run_id = random_hex(16);  // not the run's: its jobs are none of ours
    context.run_dir = work_dir_;
    context.max_parallel_jobs = options_.jobs.value_or(spec_.evo.max_parallel_jobs);
    context.seed = spec_.seed;
    GENESIS_TRY_ASSIGN(parts.launcher,
                       backend_->make(json::parse(spec_.job.options_json), context));
    if (!parts.launcher->capabilities().runs_commands) {
      return make_error(ErrorKind::unsupported,
                        fmt::format("job type '{}' runs no evaluator command", spec_.job.type));
    }
    parts.io = &io_;
    parts.planner = planner_.get();
    parts.jobs = context.max_parallel_jobs;
    parts.max_attempts = spec_.evo.max_attempts;
    total_ = items_.size();
    batch_ = std::make_unique<EvaluationBatch>(std::move(parts));
    return {};
  }

  void take(BatchResult result) {
    for (RescoredProgram& program : report_.programs) {
      if (program.generation != result.item.generation) continue;
      ++program.outcomes[result.outcome];
      if (result.correct) program.scores.push_back(result.score);
      if (!result.correct) program.error = std::move(result.error);
    }
    ++done_;
    if (options_.on_progress) options_.on_progress(done_, total_);
  }

  Status write_report() {
    const std::string stamp = file_stamp(report_.started_at);
    std::error_code ignored;
    report_file_ = run_dir_ / "rescore" / (stamp + ".json");
    for (int other = 2; fs::exists(report_file_, ignored); ++other) {
      report_file_ = run_dir_ / "rescore" / fmt::format("{}-{}.json", stamp, other);
    }
    return write_file_atomic(
        report_file_, to_json(report_).dump(2, ' ', false, json::error_handler_t::replace) + "\n");
  }

  const fs::path run_dir_;
  RescoreOptions options_;
  const SystemClock clock_;
  boost::asio::io_context io_{1};
  RunSpec spec_;
  std::unique_ptr<store::StoreReader> reader_;
  fs::path work_dir_;
  fs::path report_file_;
  const launch::Backend* backend_ = nullptr;
  std::unique_ptr<evaluators::CommandPlanner> planner_;
  std::vector<BatchItem> items_;
  RescoreReport report_;
  std::unique_ptr<EvaluationBatch> batch_;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
};

}  // namespace

Result<std::unique_ptr<Rescore>> Rescore::prepare(const fs::path& run_dir, RescoreOptions options) {
  auto made = std::make_unique<RescoreImpl>(run_dir, std::move(options));
  GENESIS_TRY(made->prepare());
  return made;
}

}  // namespace genesis::run
