#include "evaluators/command_planner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "evaluators/evaluator_form.h"
#include "evaluators/result_files.h"
#include "evaluators/travelling_files.h"
#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/home.h"
#include "genesis/base/text.h"
#include "genesis/base/words.h"

namespace genesis::evaluators {
namespace {

/// Booleans: true is a bare flag, false is left out. Everything else is `--key value`.
Result<std::vector<std::string>> extra_arguments(const std::string& json_text) {
  std::vector<std::string> arguments;
  const auto object = nlohmann::json::parse(json_text, nullptr, false);
  if (object.is_discarded() || !object.is_object()) {
    return make_error(ErrorKind::invalid_argument,
                      "extra_cmd_args must be a mapping of flags to values");
  }
  for (const auto& [key, value] : object.items()) {
    if (value.is_boolean()) {
      if (value.get<bool>()) arguments.push_back("--" + key);
      continue;
    }
    arguments.push_back("--" + key);
    arguments.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return arguments;
}

/// A mistyped placeholder would reach the evaluator as it stands, and a command that never names
/// the program would score every candidate alike: both are refused at the start.
Status check_placeholders(const std::vector<std::string>& words) {
  static const std::vector<std::string> kKnown{"program_path", "results_dir", "work", "results"};
  bool names_program = false;
  for (const std::string& word : words) {
    for (auto open = word.find('{'); open != std::string::npos; open = word.find('{', open + 1)) {
      const auto close = word.find('}', open);
      if (close == std::string::npos) break;
      const std::string name = word.substr(open + 1, close - open - 1);
      const bool is_name = !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") ==
                                                std::string::npos;
      if (!is_name) continue;  // braces of the command's own, say a piece of JSON
      if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) {
        return make_error(
            ErrorKind::invalid_argument,
            fmt::format("evaluator_command: unknown placeholder '{{{}}}'{}; known: {}", name,
                        did_you_mean(name, kKnown), join(kKnown, ", ")));
      }
      names_program = names_program || name == "program_path" || name == "work";
    }
  }
  if (names_program) return {};
  return make_error(
      ErrorKind::invalid_argument,
      "evaluator_command never names the program: put {program_path} where it belongs");
}

/// The file of the module that a dotted name names, where it lies below the working directory.
fs::path module_of(std::string path) {
  path.resize(std::min(path.size(), path.rfind('.')));
  std::replace(path.begin(), path.end(), '.', '/');
  return fs::current_path() / (path + ".py");
}

/// The text of the module that evaluate_function names.
std::string module_text(const std::string& function_json) {
  const auto function = nlohmann::json::parse(function_json, nullptr, false);
  return read_file(module_of(function.value("_target_", ""))).value_or("");
}

/// The modules of evaluate_function and of the functions among its arguments.
void find_targets(const nlohmann::json& value, std::vector<fs::path>& found) {
  if (value.is_object() && value.contains("_target_") && value["_target_"].is_string()) {
    fs::path module = module_of(value["_target_"].get<std::string>());
    std::error_code ignored;
    if (fs::is_regular_file(module, ignored)) found.push_back(std::move(module));
  }
  if (!value.is_structured()) return;
  for (const auto& part : value) find_targets(part, found);
}

Result<fs::path> find_evaluator(const std::string& name) {
  const fs::path found = find_data_file(name);
  std::error_code ignored;
  if (!fs::is_regular_file(found, ignored)) {
    return make_error(
        ErrorKind::not_found,
        fmt::format("the evaluator '{}' was not found (looked in '{}' and in the Genesis "
                    "folder); set job_config.eval_program_path",
                    name, fs::current_path().string()));
  }
  return fs::absolute(found).lexically_normal();
}

/// Shims of version managers (pyenv, asdf) start a shell each time: asked once for the real thing.
std::string resolve_shim(const std::string& python) {
  if (python.find("/shims/") == std::string::npos) return python;
  const std::string command =
      "'" + python + "' -I -S -c 'import sys; print(sys.executable)' 2>/dev/null";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  std::array<char, 4096> line{};
  if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) return python;
  const std::string real(trim(line.data()));
  return ::access(real.c_str(), X_OK) == 0 ? real : python;
}

std::optional<std::string> on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    const std::string candidate = std::string(folder) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> find_python(const std::string& option) {
  if (!option.empty()) {
    if (option.find('/') == std::string::npos) {
      if (const auto found = on_path(option)) return resolve_shim(*found);
    } else if (const fs::path found = find_data_file(option); ::access(found.c_str(), X_OK) == 0) {
      return fs::absolute(found).lexically_normal().string();
    }
    return make_error(ErrorKind::not_found,
                      fmt::format("python_executable '{}' was not found or cannot be run", option));
  }
  if (const char* set = std::getenv("GENESIS_PYTHON"); set != nullptr && *set != '\0') {
    return find_python(set);
  }
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const char* prefix = std::getenv(name);
    if (prefix == nullptr) continue;
    const std::string candidate = std::string(prefix) + "/bin/python3";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  if (const auto home = home_directory()) {
    const std::string candidate = (*home / ".venv" / "bin" / "python3").string();
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  if (const auto found = on_path("python3")) return resolve_shim(*found);
  return make_error(ErrorKind::not_found,
                    "no python3 was found; install one, or set job_config.python_executable");
}

Result<CommandPlanner> CommandPlanner::create(const launch::EvaluationOptions& options,
                                              const Language& language, fs::path run_dir) {
  CommandPlanner planner;
  planner.options_ = options;
  planner.extension_ = language.extension;
  planner.run_dir_ = std::move(run_dir);
  planner.cwd_ = fs::current_path();
  std::string hashed;
  if (options.evaluator_command.empty()) {
    GENESIS_TRY_ASSIGN(hashed, planner.plan_python());
  } else {
    GENESIS_TRY_ASSIGN(hashed, planner.plan_command());
  }
  GENESIS_TRY_ASSIGN(const auto extra, extra_arguments(options.extra_cmd_args_json));
  for (const std::string& argument : extra) {
    planner.command_.push_back(argument);
    hashed += '\0' + argument;
    planner.identity_.settings += '\0' + argument;
  }
  planner.evaluator_hash_ = sha256_hex(hashed);
  planner.identity_.data = options.evaluator_data;
  planner.identity_.cwd = planner.cwd_;
  planner.identity_.excluded.push_back(planner.run_dir_);
  if (const auto home = home_directory()) {
    planner.python_path_ = (*home / "evaluators" / "python").string();
    const char* outer = std::getenv("PYTHONPATH");
    if (outer != nullptr && *outer != '\0') planner.python_path_ += std::string(":") + outer;
  }
  if (options.travels) GENESIS_TRY(planner.pack());
  return planner;
}

/// What the jobs need goes along with them, and is named as it is there.
Status CommandPlanner::pack() {
  if (options_.evaluate_function_json != "{}") {
    return make_error(ErrorKind::unsupported,
                      "evaluate_function is not for jobs on other machines: name the evaluator's "
                      "file in job_config.eval_program_path");
  }
  GENESIS_TRY_ASSIGN(const TravellingFiles files, pack_for_travel(identity_));
  for (std::string& word : command_) word = word_for_travel(files, word, cwd_);
  shared_ = files.shared;
  python_path_ = files.python_path;
  cwd_.clear();
  return {};
}

/// An evaluator in Python; returns what of it makes scores comparable.
Result<std::string> CommandPlanner::plan_python() {
  std::string hashed;
  std::string evaluator;
  if (options_.evaluate_function_json == "{}") {
    GENESIS_TRY_ASSIGN(const fs::path found, find_evaluator(options_.eval_program_path));
    GENESIS_TRY_ASSIGN(hashed, read_file(found));
    evaluator = found.string();
    identity_.python.push_back(found);
  } else {
    hashed = options_.evaluate_function_json + module_text(options_.evaluate_function_json);
    identity_.settings = options_.evaluate_function_json;
    find_targets(nlohmann::json::parse(options_.evaluate_function_json, nullptr, false),
                 identity_.python);
  }
  GENESIS_TRY_ASSIGN(const EvaluatorForm form, evaluator_form(options_, hashed));
  fs::path helper;
  if (form != EvaluatorForm::script) {
    GENESIS_TRY_ASSIGN(const fs::path home, home_directory());
    helper = home / "evaluators" / "python" / "genesis_evaluator";
    // The process that jobs are cloned of reads the imports of its script, which is the helper.
    if (!evaluator.empty()) scan_.emplace_back(evaluator);
  }
  if (form == EvaluatorForm::function) {
    hashed += '\0' + cascade_settings(options_);
    identity_.settings += '\0' + cascade_settings(options_);
  }
  // An activated environment brings its own interpreter: the launcher looks on that PATH.
  const bool activated = !options_.conda_env.empty() || !options_.activate_script.empty();
  std::string python = "python3";
  if (options_.travels || options_.interpreter_there) {
    if (!options_.python_executable.empty()) python = options_.python_executable;
  } else if (!activated || !options_.python_executable.empty()) {
    GENESIS_TRY_ASSIGN(python, find_python(options_.python_executable));
  }
  command_ = form_arguments(form, options_, evaluator, helper);
  command_.insert(command_.begin(), std::move(python));
  return hashed;
}

/// Any executable; returns what of it makes scores comparable.
Result<std::string> CommandPlanner::plan_command() {
  std::string hashed;
  GENESIS_TRY_ASSIGN(command_, split_words(options_.evaluator_command, "evaluator_command"));
  GENESIS_TRY(check_placeholders(command_));
  // A program given by path is found like every data file; a bare name is left to PATH.
  if (command_[0].find('/') != std::string::npos) {
    command_[0] = fs::absolute(find_data_file(command_[0])).lexically_normal().string();
    if (::access(command_[0].c_str(), X_OK) != 0) {
      return make_error(
          ErrorKind::not_found,
          fmt::format("evaluator_command: '{}' was not found or cannot be run", command_[0]));
    }
    GENESIS_TRY_ASSIGN(hashed, read_file(command_[0], 512u << 20));
  }
  for (const std::string& word : command_) {
    hashed += '\0' + word;
    identity_.settings += '\0' + word;
  }
  find_named_files();
  return hashed;
}

/// Of a command its executable, where it is given by path, and the programs that its words name: a
/// bare name is an installed one. What Python runs is followed like an evaluator in Python. Other
/// files may be what the evaluator writes (a log, a cache): data is named in evaluator_data.
void CommandPlanner::find_named_files() {
  for (std::size_t i = 0; i < command_.size(); ++i) {
    const std::string& word = command_[i];
    if (i == 0 && word.find('/') == word.npos) continue;
    for (const std::string& named : {word, word.substr(word.find('=') + 1)}) {
      std::error_code ignored;
      if (named.empty() || !fs::is_regular_file(cwd_ / named, ignored)) continue;
      const bool python = named.ends_with(".py");
      if (!python && ::access((cwd_ / named).c_str(), X_OK) != 0) continue;
      (python ? identity_.python : identity_.plain).push_back((cwd_ / named).lexically_normal());
      break;
    }
  }
}

launch::JobSpec CommandPlanner::plan(const Program& program, const launch::AttemptKey& key,
                                     const std::string& token) const {
  launch::JobSpec spec;
  spec.key = key;
  spec.token = token;
  spec.work_dir = run_dir_ / launch::attempt_folder(key);
  spec.cwd = cwd_;
  const bool single = program.files().size() == 1;
  const std::string primary = single ? "main." + extension_ : program.primary().path;
  for (const SourceFile& file : program.files()) {
    launch::InputFile input;
    input.path = single ? primary : file.path;
    input.content = file.text;
    spec.inputs.push_back(std::move(input));
  }
  for (std::string word : command_) {
    const auto fill = [&word](std::string_view placeholder, const std::string& value) {
      for (auto at = word.find(placeholder); at != std::string::npos;
           at = word.find(placeholder, at + value.size())) {
        word.replace(at, placeholder.size(), value);
      }
    };
    fill("{program_path}", "{work}/" + primary);
    fill("{results_dir}", "{results}");
    spec.argv.push_back(std::move(word));
  }
  spec.environment = options_.env_vars;
  if (!python_path_.empty()) spec.environment.emplace("PYTHONPATH", python_path_);
  spec.limits = options_.limits;
  spec.resources = options_.resources;
  spec.isolation = options_.isolation;
  spec.shared = shared_;
  if (options_.evaluator_command.empty() && options_.warm != launch::WarmStarts::never) {
    spec.warm = launch::WarmStart{scan_, identity_hash_};
  }
  return spec;
}

EvaluationOutcome CommandPlanner::judge(const launch::JobOutcome& job,
                                        const launch::JobResults& results) const {
  return judge_job(job, results);
}

EvaluationOutcome judge_job(const launch::JobOutcome& job, const launch::JobResults& results) {
  const bool ran_to_end = job.kind == launch::JobOutcomeKind::exited && job.exit_code == 0;
  if (!ran_to_end) {
    EvaluationOutcome failed;
    failed.kind = OutcomeKind::job_failure;
    failed.error = launch::describe(job);
    return failed;
  }
  ResultTexts texts;
  if (results.folder) {
    texts = load_results(*results.folder);
  } else {
    const auto text = [&](const char* name) -> std::optional<std::string> {
      const auto at = results.inline_files.find(name);
      if (at == results.inline_files.end()) return std::nullopt;
      return at->second;
    };
    texts.metrics_json = text("metrics.json");
    texts.correct_json = text("correct.json");
  }
  return read_results(texts);
}

}  // namespace genesis::evaluators
