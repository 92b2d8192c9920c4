#include "launch/common_options.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace genesis::launch {

namespace {

using std::chrono::milliseconds;

void require_at_least(const OptionReader& reader, std::string_view key, int value, int least) {
  if (value < least) reader.fail(key, fmt::format("must be {} or more, found {}", least, value));
}

void read_positive(OptionReader& reader, std::string_view key, std::optional<milliseconds>& out) {
  reader.read(key, out);
  if (out && *out <= milliseconds{0}) {
    reader.fail(key, "must be longer than zero; leave it out for no limit");
  }
}

void read_positive_bytes(OptionReader& reader, std::string_view key,
                         std::optional<std::uint64_t>& out) {
  reader.read_bytes(key, out);
  if (out && *out == 0) reader.fail(key, "must be more than zero; leave it out for no limit");
}

/// Text that may also be null ("conda_env: null" in the systems that users come from).
void read_text(OptionReader& reader, std::string_view key, std::string& out) {
  std::optional<std::string> value = out;
  reader.read(key, value);
  out = value.value_or("");
}

void read_python(OptionReader& reader, EvaluationOptions& options) {
  read_text(reader, "conda_env", options.conda_env);
  read_text(reader, "activate_script", options.activate_script);
  read_text(reader, "python_executable", options.python_executable);
  if (!options.conda_env.empty() && !options.activate_script.empty()) {
    reader.fail("activate_script", "excludes conda_env; give only one of the two");
  }
}

void read_command(OptionReader& reader, EvaluationOptions& options) {
  reader.read("eval_program_path", options.eval_program_path);
  read_text(reader, "evaluator_command", options.evaluator_command);
  if (options.eval_program_path.empty() && options.evaluator_command.empty()) {
    reader.fail("eval_program_path", "must name the evaluator; it is empty");
  }
  nlohmann::json arguments = nlohmann::json::parse(options.extra_cmd_args_json);
  reader.read("extra_cmd_args", arguments);
  if (arguments.is_null()) arguments = nlohmann::json::object();
  if (!arguments.is_object()) {
    reader.fail("extra_cmd_args", "expected a mapping of flag names to values");
  }
  for (const auto& [name, value] : arguments.items()) {
    if (value.is_object()) {
      reader.fail("extra_cmd_args", fmt::format("the value of '{}' must be a plain value", name));
    }
  }
  options.extra_cmd_args_json =
      arguments.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  reader.read("env_vars", options.env_vars);
  for (const auto& [name, value] : options.env_vars) {
    if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
      reader.fail("env_vars", fmt::format("'{}' cannot name an environment variable", name));
    }
    if (value.find('\0') != std::string::npos) {
      reader.fail("env_vars", fmt::format("the value of '{}' contains a zero byte", name));
    }
  }
}

void read_form(OptionReader& reader, EvaluationOptions& options) {
  reader.read_enum("evaluator_form", options.form,
                   {{"auto", EvaluatorForm::automatic},
                    {"script", EvaluatorForm::script},
                    {"function", EvaluatorForm::function}});
  if (options.form == EvaluatorForm::function && !options.evaluator_command.empty()) {
    reader.fail("evaluator_form",
                "'function' excludes evaluator_command; give only one of the two");
  }
  reader.read("cascade_evaluation", options.cascade_evaluation);
  reader.read("cascade_thresholds", options.cascade_thresholds);
  read_positive(reader, "stage_timeout", options.stage_timeout);
  reader.read("feature_dimensions", options.feature_dimensions);
  nlohmann::json function;
  reader.read("evaluate_function", function);
  if (function.is_null()) return;
  if (!function.is_object() || !function.contains("_target_") ||
      !function["_target_"].is_string()) {
    reader.fail("evaluate_function", "expected a mapping with `_target_`, a dotted name");
  }
  if (!options.evaluator_command.empty()) {
    reader.fail("evaluate_function", "excludes evaluator_command; give only one of the two");
  }
  options.evaluate_function_json =
      function.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// One text or a list of them.
void read_identity(OptionReader& reader, EvaluationOptions& options) {
  nlohmann::json data;
  reader.read("evaluator_data", data);
  if (data.is_string()) {
    options.evaluator_data = {data.get<std::string>()};
  } else if (!data.is_null()) {
    reader.read("evaluator_data", options.evaluator_data);
  }
  for (const std::string& written : options.evaluator_data) {
    if (written.empty()) reader.fail("evaluator_data", "an empty text names no file");
  }
  reader.read_enum(
      "on_evaluator_change", options.on_evaluator_change,
      {{"refuse", OnEvaluatorChange::refuse}, {"new_epoch", OnEvaluatorChange::new_epoch}});
}

void read_limits(OptionReader& reader, Limits& limits) {
  read_positive(reader, "time", limits.wall_time);
  read_positive(reader, "cpu_time", limits.cpu_time);
  reader.read("kill_grace", limits.kill_grace);
  if (reader.has("memory") && reader.has("mem")) {
    reader.fail("mem", "is another name of memory; give only one of the two");
  }
  read_positive_bytes(reader, "memory", limits.memory_bytes);
  read_positive_bytes(reader, "mem", limits.memory_bytes);
  reader.read("pids", limits.processes);
  if (limits.processes && *limits.processes == 0) {
    reader.fail("pids", "must be 1 or more; leave it out for no limit");
  }
  read_positive_bytes(reader, "file_size", limits.file_bytes);
}

void read_resources(OptionReader& reader, EvaluationOptions& options) {
  reader.read("cpus", options.resources.cpus);
  require_at_least(reader, "cpus", options.resources.cpus, 1);
  reader.read("gpus", options.resources.gpus);
  require_at_least(reader, "gpus", options.resources.gpus, 0);
  reader.read("numeric_threads_per_job", options.numeric_threads_per_job);
  if (options.numeric_threads_per_job) {
    require_at_least(reader, "numeric_threads_per_job", *options.numeric_threads_per_job, 1);
  }
}

/// A truth value, or "wait".
void read_warm(OptionReader& reader, WarmStarts& warm) {
  nlohmann::json value = warm != WarmStarts::never;
  reader.read("warm", value);
  if (value.is_boolean()) {
    warm = value.get<bool>() ? WarmStarts::when_ready : WarmStarts::never;
  } else if (value.is_string() && value.get<std::string>() == "wait") {
    warm = WarmStarts::always;
  } else if (!value.is_null()) {
    reader.fail("warm", "expected true, false or wait");
  }
}

}  // namespace

EvaluationOptions read_common_options(OptionReader& reader, EvaluationOptions defaults) {
  EvaluationOptions options = std::move(defaults);
  reader.ignore("_target_");
  reader.ignore("eval_verbose");
  read_command(reader, options);
  read_form(reader, options);
  read_identity(reader, options);
  read_python(reader, options);
  read_limits(reader, options.limits);
  read_resources(reader, options);
  read_warm(reader, options.warm);
  reader.read_enum("isolation", options.isolation,
                   {{"none", Isolation::none}, {"sandbox", Isolation::sandbox}});
  if (options.isolation != Isolation::none) {
    reader.fail("isolation", "'sandbox' is not part of this version yet; use isolation=none");
  }
  return options;
}

}  // namespace genesis::launch
