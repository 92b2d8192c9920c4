#include "genesis/genesis.h"

#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <thread>

#include "genesis/base/files.h"
#include "genesis/store/run_store.h"
#include "launch/inprocess/inprocess_launcher.h"

namespace genesis {

using nlohmann::json;

namespace {

std::string default_output_dir(const std::string& task) {
  const std::time_t now = std::time(nullptr);
  std::tm broken_down{};
  localtime_r(&now, &broken_down);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y.%m.%d%H%M%S", &broken_down);
  return fmt::format("results/{}/{}", task, stamp);
}

run::RunSpec spec_of(EvolutionConfig evo, DatabaseConfig db, launch::JobConfig job,
                     std::string task, const RunOptions& options) {
  run::RunSpec spec;
  spec.evo = std::move(evo);
  spec.db = std::move(db);
  spec.mutation = options.mutation;
  spec.results = options.results;
  spec.events = options.events;
  spec.hooks = options.hooks;
  spec.job = std::move(job);
  spec.task = std::move(task);
  spec.output_dir = options.output_dir.empty() ? default_output_dir(spec.task) : options.output_dir;
  spec.seed = options.seed;
  return spec;
}

/// The program as the evaluator gets it, from the job's inputs.
Program program_of(const launch::JobSpec& job) {
  if (job.inputs.size() == 1) return Program(job.inputs.front().path, job.inputs.front().content);
  std::vector<SourceFile> files;
  for (const launch::InputFile& input : job.inputs) files.push_back({input.path, input.content});
  const std::string primary = files.front().path;
  return value_or_throw(Program::create(std::move(files), primary));
}

launch::JobResults results_of(const Evaluation& evaluation) {
  json metrics{{"combined_score", evaluation.combined_score}};
  if (evaluation.public_json != "{}") {
    metrics["public"] = json::parse(evaluation.public_json, nullptr, false);
  }
  if (!evaluation.text_feedback.empty()) metrics["text_feedback"] = evaluation.text_feedback;
  json correct{{"correct", evaluation.correct}, {"error", nullptr}};
  if (!evaluation.error.empty()) correct["error"] = evaluation.error;
  launch::JobResults results;
  results.inline_files["metrics.json"] =
      metrics.dump(-1, ' ', false, json::error_handler_t::replace);
  results.inline_files["correct.json"] =
      correct.dump(-1, ' ', false, json::error_handler_t::replace);
  return results;
}

}  // namespace

struct EvolutionRunner::State {
  std::unique_ptr<run::EvolutionRun> run;
  std::filesystem::path output_dir;
  run::RunSummary summary;
  std::thread thread;

  BestResult result() const {
    BestResult best;
    if (!summary.best) return best;
    best.score = summary.best->combined_score;
    const auto file = run::store_file_of(output_dir);
    if (!file) return best;
    const auto reader = store::StoreReader::open(*file);
    if (!reader) return best;
    if (auto source = (*reader)->source(summary.best->generation))
      best.program = std::move(*source);
    return best;
  }
};

EvolutionRunner::EvolutionRunner(EvolutionConfig evo, const launch::JobConfig& job,
                                 DatabaseConfig db, std::string task_name, RunOptions options)
    : state_(std::make_unique<State>()) {
  launch::register_builtin_backends();
  run::RunSpec spec = spec_of(std::move(evo), std::move(db), job, std::move(task_name), options);
  state_->output_dir = spec.output_dir;
  state_->run =
      value_or_throw(run::EvolutionRun::prepare(std::move(spec), nullptr, options.mutator));
  if (options.observer != nullptr) state_->run->add_observer(options.observer);
}

EvolutionRunner::EvolutionRunner(EvolutionConfig evo, Evaluator evaluator, DatabaseConfig db,
                                 std::string task_name, RunOptions options)
    : state_(std::make_unique<State>()) {
  launch::register_builtin_backends();
  launch::JobConfig job;
  job.type = "inprocess";
  run::RunSpec spec =
      spec_of(std::move(evo), std::move(db), std::move(job), std::move(task_name), options);
  state_->output_dir = spec.output_dir;
  const auto factory =
      [evaluator = std::move(evaluator)](
          const launch::LauncherContext& context) -> Result<std::unique_ptr<launch::Launcher>> {
    return launch::make_inprocess_launcher(
        *context.io,
        [evaluator](const launch::JobSpec& work) {
          return results_of(evaluator(program_of(work)));
        },
        context.max_parallel_jobs);
  };
  state_->run =
      value_or_throw(run::EvolutionRun::prepare(std::move(spec), factory, options.mutator));
  if (options.observer != nullptr) state_->run->add_observer(options.observer);
}

EvolutionRunner::~EvolutionRunner() {
  if (state_ && state_->thread.joinable()) {
    state_->run->request_stop();
    state_->thread.join();
  }
}
EvolutionRunner::EvolutionRunner(EvolutionRunner&&) noexcept = default;
EvolutionRunner& EvolutionRunner::operator=(EvolutionRunner&&) noexcept = default;

BestResult EvolutionRunner::run() {
  state_->summary = state_->run->run();
  return state_->result();
}

void EvolutionRunner::start() {
  State* state = state_.get();
  state->thread = std::thread([state] { state->summary = state->run->run(); });
}

BestResult EvolutionRunner::wait() {
  if (state_->thread.joinable()) state_->thread.join();
  return state_->result();
}

void EvolutionRunner::stop() {
  state_->run->request_stop();
}

const run::RunSummary& EvolutionRunner::summary() const {
  return state_->summary;
}

}  // namespace genesis
