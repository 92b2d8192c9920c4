#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "launch/launcher.h"

namespace genesis::launch {

/// Type-erased job configuration: which backend, with its options as the YAML has them. The typed
/// structs of each backend (LocalJobConfig, …) convert to it.
struct JobConfig {
  std::string type = "local";  ///< Backend name or alias ("slurm_conda").
  std::string options_json = "{}";
  std::string option_path = "job_config";  ///< Prefix for messages.
};

/// What a launcher is made with, beside its options.
struct LauncherContext {
  boost::asio::io_context* io = nullptr;
  std::string run_id;
  std::filesystem::path run_dir;  ///< Where the backend may keep its own state (below `.genesis/`).
  int max_parallel_jobs = 1;
  std::uint64_t seed = 0;
};

/// One check of `genesis doctor`.
struct DoctorLine {
  bool ok = true;
  bool required = false;
  std::string what;    ///< "cgroup v2 delegation"
  std::string found;   ///< What is there.
  std::string remedy;  ///< Empty when ok.
};

/// How a Python evaluator is called: decided by its text, as a program, or as a function.
enum class EvaluatorForm { automatic, script, function };

/// What happens when the evaluator is not the one any more that a run's scores came from.
enum class OnEvaluatorChange { refuse, new_epoch };

/// What the evaluation planner needs to know of a job configuration, whatever the backend.
struct EvaluationOptions {
  std::string eval_program_path = "evaluate.py";
  std::string
      evaluator_command;  ///< Template with {program_path} {results_dir}; empty: python form.
  EvaluatorForm form = EvaluatorForm::automatic;
  /// For function evaluators: the stages that the evaluator defines are called one after another,
  /// each when the metrics so far reach the threshold before it.
  bool cascade_evaluation = true;
  std::vector<double> cascade_thresholds{0.5, 0.75, 0.9};
  std::optional<std::chrono::milliseconds> stage_timeout;  ///< Of each; none: only the job's own.
  /// Metrics that do not count when there is no combined_score.
  std::vector<std::string> feature_dimensions{"complexity", "diversity"};
  std::string evaluate_function_json = "{}";  ///< `_target_` and arguments, in place of a file.
  std::vector<std::string> evaluator_data;    ///< Files, folders, globs that scores depend on.
  OnEvaluatorChange on_evaluator_change = OnEvaluatorChange::refuse;
  std::string python_executable;  ///< Empty: the backend's default.
  std::string conda_env;
  std::string activate_script;
  std::string extra_cmd_args_json = "{}";
  std::map<std::string, std::string> env_vars;
  std::optional<int> numeric_threads_per_job;
  Limits limits;
  Resources resources;
  Isolation isolation = Isolation::none;
  WarmStarts warm = WarmStarts::when_ready;
  /// The job runs where this machine's files are not: what it needs travels with it, and its
  /// interpreter is the one there.
  bool travels = false;
  /// Files are shared, but the interpreter is found where the job runs: a container's, a module's.
  bool interpreter_there = false;
};

/// A backend as it registers itself. Nothing outside its folder names it.
struct Backend {
  std::string name;
  std::vector<std::string> aliases;  ///< Other job_type values.
  std::vector<std::string>
      target_names;     ///< Last parts of `_target_` that select it ("LocalJobConfig").
  std::string summary;  ///< One line for --help and doctor.
  /// Throws OptionException for wrong options; reads the backend's own and the common ones.
  std::function<EvaluationOptions(const nlohmann::json& options, const std::string& option_path)>
      parse;
  std::function<Result<std::unique_ptr<Launcher>>(const nlohmann::json& options,
                                                  const LauncherContext&)>
      make;
  std::function<std::vector<DoctorLine>()> doctor;
};

/// The registered backends. Registration happens in `register_builtin_backends()`
/// (launch/builtin.cpp, the only file that names them) or by the embedding program, before threads
/// start.
void register_backend(Backend backend);
void register_builtin_backends();
const Backend* find_backend(std::string_view type_or_target);
std::vector<const Backend*> all_backends();

}  // namespace genesis::launch
