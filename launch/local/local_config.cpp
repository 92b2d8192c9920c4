#include "launch/local/local_config.h"

#include <nlohmann/json.hpp>

#include "genesis/base/option_reader.h"
#include "launch/common_options.h"

namespace genesis::launch {

namespace {

using nlohmann::json;

template <typename T>
void put(json& target, const char* key, const std::optional<T>& value) {
  if (value) target[key] = *value;
}

void put(json& target, const char* key, const std::optional<std::chrono::milliseconds>& value) {
  if (value) target[key] = std::chrono::duration<double>(*value).count();
}

void put_text(json& target, const char* key, const std::string& value) {
  if (!value.empty()) target[key] = value;
}

/// Only what differs from the defaults: they are part of a run's identity.
void put_function_form(json& target, const LocalJobConfig& config) {
  const LocalJobConfig usual;
  if (config.evaluator_form != usual.evaluator_form) {
    target["evaluator_form"] = config.evaluator_form;
  }
  if (!config.cascade_evaluation) target["cascade_evaluation"] = false;
  if (config.cascade_thresholds != usual.cascade_thresholds) {
    target["cascade_thresholds"] = config.cascade_thresholds;
  }
  put(target, "stage_timeout", config.stage_timeout);
  if (config.feature_dimensions != usual.feature_dimensions) {
    target["feature_dimensions"] = config.feature_dimensions;
  }
}

}  // namespace

LocalJobConfig::operator JobConfig() const {
  json options = json::object();
  options["eval_program_path"] = eval_program_path;
  put_text(options, "evaluator_command", evaluator_command);
  put_function_form(options, *this);
  options["extra_cmd_args"] = extra_cmd_args;
  put(options, "time", time);
  put_text(options, "conda_env", conda_env);
  put_text(options, "activate_script", activate_script);
  put_text(options, "python_executable", python_executable);
  put(options, "numeric_threads_per_job", numeric_threads_per_job);
  options["env_vars"] = env_vars;
  options["env_passthrough"] = env_passthrough;
  put(options, "memory", memory);
  put(options, "cpu_time", cpu_time);
  put(options, "pids", pids);
  put(options, "file_size", file_size);
  options["cpus"] = cpus;
  options["gpus"] = gpus;
  options["gpu_ids"] = gpu_ids;
  options["pin_cpus"] = pin_cpus;
  options["kill_grace"] = std::chrono::duration<double>(kill_grace).count();
  if (warm == WarmStarts::always) {
    options["warm"] = "wait";
  } else {
    options["warm"] = warm != WarmStarts::never;
  }
  options["isolation"] = isolation;

  JobConfig config;
  config.type = "local";
  config.options_json = options.dump(-1, ' ', false, json::error_handler_t::replace);
  return config;
}

LocalBindings bind_local_options(const json& options, const std::string& option_path) {
  OptionReader reader(options, option_path);
  LocalBindings bound;
  EvaluationOptions defaults;
  defaults.limits.kill_grace = LocalJobConfig{}.kill_grace;
  bound.evaluation = read_common_options(reader, std::move(defaults));
  reader.read("env_passthrough", bound.launcher.env_passthrough);
  reader.read("pin_cpus", bound.launcher.pin_cpus);
  reader.read("gpu_ids", bound.launcher.gpu_ids);
  reader.read("cgroups", bound.launcher.use_cgroups);
  bound.launcher.warm = bound.evaluation.warm;
  bound.launcher.conda_env = bound.evaluation.conda_env;
  bound.launcher.activate_script = bound.evaluation.activate_script;
  bound.launcher.numeric_threads_per_job = bound.evaluation.numeric_threads_per_job;
  reader.finish();
  return bound;
}

Backend local_backend() {
  Backend backend;
  backend.name = "local";
  backend.target_names = {"LocalJobConfig"};
  backend.summary = "processes on this machine";
  backend.parse = [](const json& options, const std::string& option_path) {
    return bind_local_options(options, option_path).evaluation;
  };
  backend.make = [](const json& options, const LauncherContext& context) {
    return make_local_launcher(bind_local_options(options, "job_config").launcher, context);
  };
  backend.doctor = &local_doctor;
  return backend;
}

}  // namespace genesis::launch
