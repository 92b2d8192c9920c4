#include "genesis/cli/task_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "evaluators/evaluator_form.h"
#include "genesis/base/files.h"
#include "genesis/base/home.h"
#include "genesis/base/text.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/language.h"
#include "genesis/run/starting_programs.h"
#include "genesis/ui/progress_text.h"
#include "launch/registry.h"

namespace genesis::cli {
namespace {

using Verdict = CheckLine::Verdict;

constexpr std::chrono::milliseconds kSlow{2000};
constexpr std::int64_t kSlowImportMicros = 100'000;

CheckLine check_program(const run::RunSpec& spec, const std::string& path) {
  const auto program = run::load_seed_program(spec.evo, path);
  if (!program) return {Verdict::failure, "program", "cannot be used", program.error().message};
  const Language& language = *find_language(spec.evo.language);
  const auto blocks = find_blocks(program->text(), language);
  std::string found =
      fmt::format("{}: {}, {} lines", path, language.name, split_lines(program->text()).size());
  for (const Block& block : blocks.value_or(std::vector<Block>())) {
    found += fmt::format(", may change {}-{}", line_number(program->text(), block.begin),
                         line_number(program->text(), block.end) - 1);
  }
  return {Verdict::ok, "program", found, ""};
}

CheckLine check_evaluator(const run::RunSpec& spec) {
  const launch::Backend* backend = launch::find_backend(spec.job.type);
  if (backend == nullptr) {
    return {Verdict::failure, "evaluator", "no launcher", "unknown job type " + spec.job.type};
  }
  const auto options =
      backend->parse(nlohmann::json::parse(spec.job.options_json), spec.job.option_path);
  if (!options.evaluator_command.empty()) {
    return {Verdict::ok, "evaluator", options.evaluator_command, ""};
  }
  if (options.evaluate_function_json != "{}") {
    return {Verdict::ok, "evaluator", options.evaluate_function_json, ""};
  }
  const fs::path path = find_data_file(options.eval_program_path);
  const auto text = read_file(path);
  if (!text) {
    return {Verdict::failure, "evaluator", "not found",
            text.error().message + "; set job_config.eval_program_path"};
  }
  const auto form = evaluators::evaluator_form(options, *text);
  if (!form) return {Verdict::failure, "evaluator", path.string(), form.error().message};
  if (*form == evaluators::EvaluatorForm::function) {
    const int stages = options.cascade_evaluation ? evaluators::inspect_evaluator(*text).stages : 0;
    return {Verdict::ok, "evaluator",
            stages == 0 ? fmt::format("{}: evaluate(program_path) is called", path.string())
                        : fmt::format("{}: {} stage{} of evaluate(program_path) are called",
                                      path.string(), stages, stages == 1 ? "" : "s"),
            ""};
  }
  for (const char* flag : {"program_path", "results_dir"}) {
    if (text->find(flag) != std::string::npos) continue;
    return {Verdict::warning, "evaluator", path.string(),
            fmt::format("it never mentions --{}, with which it is called", flag)};
  }
  return {Verdict::ok, "evaluator", path.string(), ""};
}

/// What to do about an outcome that is not ok.
std::string remedy_for(const run::SingleEvaluation& evaluation) {
  static const std::map<std::string_view, std::string_view> remedies = {
      {"incorrect", "the initial program must be correct: mend it, or the evaluator's validation"},
      {"invalid_output",
       "the evaluator must write metrics.json with a number `combined_score` and correct.json with "
       "`correct` into --results_dir"},
      {"timeout", "give it more time (job_config.time), or make the initial program faster"},
      {"out_of_memory", "give it more memory (job_config.memory), or use less"},
      {"exited", "the evaluator ended with an error before it wrote results: see its log below"},
      {"signalled", "the evaluator was killed by a signal: see its log below"},
  };
  const auto found = remedies.find(evaluation.outcome);
  return found == remedies.end() ? "see the log below; genesis doctor checks the machine"
                                 : std::string(found->second);
}

CheckLine judge_outcome(const run::SingleEvaluation& evaluation) {
  if (evaluation.outcome == "ok") {
    return {Verdict::ok, "evaluation",
            fmt::format("correct, combined_score {}", format_score(evaluation.combined_score)), ""};
  }
  std::string found = evaluation.outcome;
  if (!evaluation.error.empty()) found += ": " + evaluation.error;
  return {Verdict::failure, "evaluation", found, remedy_for(evaluation)};
}

CheckLine judge_time(const run::SingleEvaluation& evaluation, const run::RunSpec& spec) {
  const double seconds = std::max(std::chrono::duration<double>(evaluation.wall).count(), 0.001);
  const double per_hour = 3600.0 / seconds * spec.evo.max_parallel_jobs;
  CheckLine line{
      Verdict::ok, "time",
      fmt::format("{} (cpu {}, memory {}); about {:.0f} evaluations an hour, {} at a time",
                  format_duration(evaluation.wall), format_duration(evaluation.cpu),
                  format_bytes(evaluation.peak_memory_bytes), per_hour, spec.evo.max_parallel_jobs),
      ""};
  if (evaluation.wall > kSlow && evaluation.cpu * 2 < evaluation.wall) {
    line.verdict = Verdict::warning;
    line.remedy = "most of the time nothing was computed: does the evaluator wait for something?";
  }
  return line;
}

}  // namespace

std::vector<CheckLine> check_files(const run::RunSpec& spec) {
  std::vector<CheckLine> lines;
  for (const std::string& path : run::seed_paths(spec.evo)) {
    lines.push_back(check_program(spec, path));
  }
  if (lines.empty()) {
    lines.push_back({Verdict::failure, "program", "none",
                     "a check evaluates the seed program: set evo_config.init_program_path"});
  }
  lines.push_back(check_evaluator(spec));
  return lines;
}

std::vector<CheckLine> judge_evaluation(const run::SingleEvaluation& first,
                                        const run::SingleEvaluation* second,
                                        const run::RunSpec& spec) {
  std::vector<CheckLine> lines = {judge_outcome(first), judge_time(first, spec)};
  if (second == nullptr) return lines;
  if (second->outcome != first.outcome) {
    lines.push_back({Verdict::failure, "again", second->outcome + " the second time",
                     "the evaluation depends on something that changes: files, time, network?"});
  } else if (second->combined_score != first.combined_score) {
    const double change = second->combined_score - first.combined_score;
    lines.push_back({Verdict::warning, "again", fmt::format("the score differs by {:.3g}", change),
                     "a noisy evaluator: fix its seed, or set evo_config.evaluation_cache=false"});
  } else {
    lines.push_back({Verdict::ok, "again", "the same score", ""});
  }
  return lines;
}

std::string slow_imports(const std::string& log) {
  std::map<std::string, std::int64_t> slow;
  for (const std::string_view line : split_lines(log)) {
    // "import time:   self [us] |  cumulative | package", indented by depth.
    const auto columns = split(line, '|');
    if (columns.size() != 3 || columns[0].rfind("import time:", 0) != 0) continue;
    const bool outermost = columns[2].size() > 1 && columns[2][1] != ' ';
    const std::string_view digits = trim(columns[1]);
    std::int64_t micros = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), micros);
    if (!outermost || micros < kSlowImportMicros) continue;
    std::int64_t& longest = slow[std::string(trim(columns[2]))];
    longest = std::max(longest, micros);
  }
  std::string text;
  for (const auto& [module, micros] : slow) {
    text += fmt::format("{}{} {} ms", text.empty() ? "" : ", ", module, micros / 1000);
  }
  return text;
}

}  // namespace genesis::cli
