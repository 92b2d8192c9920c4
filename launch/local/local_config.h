#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "launch/local/local_launcher.h"
#include "launch/registry.h"

namespace genesis::launch {

/// Jobs as processes of this machine: the embedded form of a job configuration with
/// `_target_: LocalJobConfig`. Field names and defaults are those of the YAML.
struct LocalJobConfig {
  std::string eval_program_path = "evaluate.py";
  /// Any program instead of a Python evaluator: "./score {program_path} {results_dir}".
  std::string evaluator_command;
  std::string evaluator_form = "auto";  ///< Or "script", "function": evaluate(program_path).
  /// For functions: call evaluate_stage1 … 3, each when the score so far reaches the threshold.
  bool cascade_evaluation = true;
  std::vector<double> cascade_thresholds{0.5, 0.75, 0.9};
  std::optional<std::chrono::milliseconds> stage_timeout;  ///< Of each; absent: only the job's.
  /// Metrics that do not count when there is no combined_score.
  std::vector<std::string> feature_dimensions{"complexity", "diversity"};
  /// Flags for the evaluator; values are texts, in YAML any scalar or list.
  std::map<std::string, std::string> extra_cmd_args;
  std::optional<std::chrono::milliseconds> time;  ///< Wall clock; YAML: "HH:MM:SS" or seconds.
  std::string conda_env;          ///< Activated once per run; excludes activate_script.
  std::string activate_script;    ///< Sourced by bash once per run.
  std::string python_executable;  ///< Empty: python3 of the job's PATH.
  std::optional<int> numeric_threads_per_job;  ///< Absent: cores / max_parallel_jobs.
  std::map<std::string, std::string> env_vars;
  std::vector<std::string> env_passthrough;  ///< Names or patterns; keys only by their exact name.
  std::optional<std::uint64_t> memory;       ///< Bytes; YAML: "8G" (`mem` is the same).
  std::optional<std::chrono::milliseconds> cpu_time;
  std::optional<std::uint64_t> pids;
  std::optional<std::uint64_t> file_size;
  int cpus = 1;
  int gpus = 0;
  std::vector<std::string> gpu_ids;  ///< What to hand out; empty: CUDA_VISIBLE_DEVICES or all.
  bool pin_cpus = false;             ///< Give each job `cpus` processors of its own.
  std::chrono::milliseconds kill_grace{1500};  ///< Between TERM and KILL.
  WarmStarts warm = WarmStarts::when_ready;    ///< YAML: true, false, wait.
  std::string isolation = "none";

  operator JobConfig() const;
};

/// The local backend's own keys beside the common ones. Throws OptionException.
struct LocalBindings {
  EvaluationOptions evaluation;
  LocalOptions launcher;
};
LocalBindings bind_local_options(const nlohmann::json& options, const std::string& option_path);

/// `genesis doctor` for this backend.
std::vector<DoctorLine> local_doctor();

}  // namespace genesis::launch
