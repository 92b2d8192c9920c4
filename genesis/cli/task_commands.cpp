#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/home.h"
#include "genesis/base/text.h"
#include "genesis/cli/commands.h"
#include "genesis/cli/compose_run.h"
#include "genesis/cli/task_check.h"
#include "genesis/cli/task_templates.h"
#include "genesis/program/language.h"
#include "genesis/run/starting_programs.h"
#include "genesis/ui/console.h"

namespace genesis::cli {
namespace {

/// A second evaluation is worth its time below this.
constexpr std::chrono::milliseconds kWorthRepeating{30'000};
/// From here on it is worth knowing what a Python evaluator imports.
constexpr std::chrono::milliseconds kWorthProfiling{300};

/// A task as it would be launched.
struct ChosenTask {
  run::RunSpec spec;
  std::string launch_arguments;  ///< What follows `genesis_launch` to run it.
};

/// The one file "initial.*" of a known language in a task's folder.
Result<fs::path> find_initial_program(const fs::path& folder) {
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
       it.increment(failure)) {
    if (it->path().stem() != "initial" || !it->path().has_extension()) continue;
    if (language_of_extension(it->path().extension().string().substr(1)) != nullptr) {
      return it->path();
    }
  }
  return make_error(
      ErrorKind::not_found,
      fmt::format("'{}' has no program initial.<extension> in a language that is known "
                  "({})",
                  folder.string(), join(language_names(), ", ")));
}

/// The task that a folder's own configuration describes: task/<name>.yaml, when there is just one.
std::string task_of_folder(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator it(folder / "task", failure), end; !failure && it != end;
       it.increment(failure)) {
    if (it->path().extension() == ".yaml") names.push_back(it->path().stem().string());
  }
  return names.size() == 1 ? names.front() : std::string();
}

/// A folder without a configuration of its own: evaluate.py and initial.*, all else by default.
Result<ChosenTask> plain_task(const fs::path& folder) {
  GENESIS_TRY_ASSIGN(const fs::path program, find_initial_program(folder));
  const fs::path evaluator = folder / "evaluate.py";
  run::RunSpec spec;
  spec.task = folder.filename().string();
  spec.evo.init_program_path = program.string();
  spec.evo.language = language_of_extension(program.extension().string().substr(1))->name;
  const nlohmann::json options = {{"eval_program_path", evaluator.string()}};
  spec.job.options_json = options.dump();
  std::string arguments = fmt::format(
      "++evo_config.init_program_path={} ++job_config.eval_program_path={} "
      "++evo_config.language={} ++exp_name={} variant=default",
      program.string(), evaluator.string(), spec.evo.language, spec.task);
  return ChosenTask{std::move(spec), std::move(arguments)};
}

Result<ChosenTask> choose_task(const std::string& task, const std::string& config_dir) {
  fs::path folder(task);
  if (folder.filename().empty()) folder = folder.parent_path();
  LaunchArguments arguments;
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) {
    const std::string name = task_of_folder(folder);
    if (name.empty()) return plain_task(folder);
    arguments.config_dir = folder.string();
    arguments.overrides = {"task=" + name, "variant=default"};
  } else if (task.find('/') != std::string::npos) {
    return make_error(ErrorKind::not_found, fmt::format("there is no task folder '{}'", task));
  } else {
    arguments.overrides = {"task=" + task, "variant=default"};
    if (!config_dir.empty()) arguments.config_dir = config_dir;
  }
  GENESIS_TRY_ASSIGN(const config::ComposeRequest request, compose_request(arguments));
  GENESIS_TRY_ASSIGN(const config::Composition composition, compose_run(request));
  GENESIS_TRY_ASSIGN(run::RunSpec spec, bind_composition(composition));
  const std::string where =
      arguments.config_dir ? "--config-dir " + *arguments.config_dir + " " : std::string();
  return ChosenTask{std::move(spec), where + join(arguments.overrides, " ")};
}

/// Prints the lines; true when none of them is a failure.
bool print_lines(const std::vector<CheckLine>& lines) {
  bool good = true;
  for (const CheckLine& line : lines) {
    const bool failed = line.verdict == CheckLine::Verdict::failure;
    const char* verdict = failed                                        ? "FAIL"
                          : line.verdict == CheckLine::Verdict::warning ? "warn"
                                                                        : "ok  ";
    fmt::print("  {}  {:<11} {}\n", verdict, line.what, printable(line.found));
    if (!line.remedy.empty()) fmt::print("        {}\n", printable(line.remedy));
    good = good && !failed;
  }
  return good;
}

void print_log_tail(const run::SingleEvaluation& evaluation) {
  for (const auto& [name, text] : {std::pair("job_log.err", evaluation.log_tail_err),
                                   std::pair("job_log.out", evaluation.log_tail_out)}) {
    if (!text.empty()) fmt::print("--- {} (its end)\n{}\n", name, printable(trim(text), true));
  }
}

/// The second evaluation, which also tells what a Python evaluator imports.
Result<run::SingleEvaluation> evaluate_again(run::RunSpec spec, const fs::path& program,
                                             const fs::path& work, bool profile,
                                             std::string& imports) {
  if (profile) {
    nlohmann::json options = nlohmann::json::parse(spec.job.options_json);
    if (!options["env_vars"].is_object()) options["env_vars"] = nlohmann::json::object();
    options["env_vars"]["PYTHONPROFILEIMPORTTIME"] = "1";
    spec.job.options_json = options.dump();
  }
  GENESIS_TRY_ASSIGN(auto evaluation, run::evaluate_once(spec, program, work));
  if (profile) imports = slow_imports(read_file(work / "results" / "job_log.err").value_or(""));
  return evaluation;
}

}  // namespace

Outcome init_task(const std::string& folder, const std::string& language) {
  fs::path target = fs::path(folder).lexically_normal();
  if (target.filename().empty()) target = target.parent_path();
  const std::string name = target.filename().string();
  GENESIS_TRY_ASSIGN(const auto files, task_template(language, name, target.string()));
  std::error_code ignored;
  if (fs::exists(target, ignored) && !fs::is_empty(target, ignored)) {
    return make_error(
        ErrorKind::already_exists,
        fmt::format("init: '{}' exists and is not empty; name another folder", target.string()));
  }
  for (const TemplateFile& file : files) {
    const fs::path path = target / file.path;
    GENESIS_TRY(make_directories(path.parent_path()));
    GENESIS_TRY(write_file(path, file.text));
    fmt::print("  {}\n", path.string());
  }
  fmt::print("next: genesis check {}\n", target.string());
  return ExitCode::ok;
}

Outcome check_task(const std::string& task, const std::string& config_dir) {
  GENESIS_TRY_ASSIGN(const ChosenTask chosen, choose_task(task, config_dir));
  const run::RunSpec& spec = chosen.spec;
  fmt::print("{}\n", task);
  if (!print_lines(check_files(spec))) {
    fmt::print("Not ready: mend what is marked FAIL.\n");
    return ExitCode::failed;
  }
  const TempDir work("genesis-check");
  const fs::path program = find_data_file(run::seed_paths(spec.evo).front());
  GENESIS_TRY_ASSIGN(const auto first, run::evaluate_once(spec, program, work.path() / "first"));
  std::optional<run::SingleEvaluation> second;
  std::string imports;
  if (first.outcome == "ok" && first.wall < kWorthRepeating) {
    GENESIS_TRY_ASSIGN(second, evaluate_again(spec, program, work.path() / "second",
                                              first.wall > kWorthProfiling, imports));
  }
  bool good = print_lines(judge_evaluation(first, second ? &*second : nullptr, spec));
  if (!imports.empty()) {
    print_lines({{CheckLine::Verdict::warning, "imports", imports,
                  "import less, or later: every evaluation pays for it"}});
  }
  if (!good) {
    print_log_tail(first);
    fmt::print("Not ready: mend what is marked FAIL.\n");
    return ExitCode::failed;
  }
  fmt::print("Ready: genesis_launch {} output_dir=results/{}\n", chosen.launch_arguments,
             spec.task);
  return ExitCode::ok;
}

}  // namespace genesis::cli
