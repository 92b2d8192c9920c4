#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "evaluators/command_planner.h"
#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/text.h"
#include "genesis/program/language.h"
#include "genesis/run/evolution_run.h"

namespace genesis::run {

Result<SingleEvaluation> evaluate_once(const RunSpec& spec, const fs::path& program_path,
                                       const fs::path& work_dir) {
  const launch::Backend* backend = launch::find_backend(spec.job.type);
  const Language* language = find_language(spec.evo.language);
  if (backend == nullptr || language == nullptr) {
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("unknown job type '{}' or language '{}'", spec.job.type, spec.evo.language));
  }
  const auto options = nlohmann::json::parse(spec.job.options_json);
  const launch::EvaluationOptions evaluation = backend->parse(options, spec.job.option_path);
  GENESIS_TRY_ASSIGN(Program program, load_program(program_path.string(), spec.evo.primary_file));
  GENESIS_TRY_ASSIGN(const auto planner, evaluators::CommandPlanner::create(
                                             evaluation, *language, fs::absolute(work_dir)));
  boost::asio::io_context io;
  launch::LauncherContext context;
  context.io = &io;
  context.run_id = random_hex(16);
  context.run_dir = fs::absolute(work_dir);
  GENESIS_TRY(make_directories(context.run_dir / ".genesis"));
  GENESIS_TRY_ASSIGN(auto launcher, backend->make(options, context));
  if (!launcher->capabilities().runs_commands) {
    return make_error(ErrorKind::unsupported,
                      fmt::format("job type '{}' runs no evaluator command", spec.job.type));
  }

  const std::string token = "once-" + random_hex(12);
  launch::Finished finished;
  bool submitted = false;
  bool ended = false;
  const auto on_event = [&](launch::Event event) {
    if (const auto* capacity = std::get_if<launch::Capacity>(&event); capacity && !submitted) {
      submitted = true;
      launch::JobSpec job = planner.plan(program, launch::AttemptKey{}, token);
      job.work_dir = context.run_dir;
      launcher->submit(std::move(job));
    } else if (auto* end = std::get_if<launch::Finished>(&event)) {
      finished = std::move(*end);
      ended = true;
      launcher->close(std::chrono::seconds(5), [&] { io.stop(); });
    }
  };
  GENESIS_TRY(launcher->open(on_event));
  io.run();
  if (!ended) return make_error(ErrorKind::internal, "the launcher ended without a result");

  const evaluators::EvaluationOutcome outcome = planner.judge(finished.outcome, finished.results);
  SingleEvaluation result;
  result.outcome = outcome.kind == evaluators::OutcomeKind::job_failure
                       ? std::string(to_string(finished.outcome.kind))
                       : std::string(to_string(outcome.kind));
  result.error = outcome.error;
  result.combined_score = outcome.combined_score;
  result.correct = outcome.correct;
  result.public_json = outcome.public_json;
  result.wall = finished.outcome.wall;
  result.cpu = finished.outcome.cpu;
  result.peak_memory_bytes = finished.outcome.peak_memory_bytes;
  if (finished.results.folder) {
    const auto tail = [&](const char* name) {
      return to_valid_utf8(
          read_tail(*finished.results.folder / name, 4096).value_or(std::string()));
    };
    result.log_tail_out = tail("job_log.out");
    result.log_tail_err = tail("job_log.err");
  }
  return result;
}

}  // namespace genesis::run
