#include "evaluators/evaluator_form.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "genesis/base/text.h"

namespace genesis::evaluators {

using nlohmann::json;

namespace {

/// Whether a line begins the definition of this function, at the top level.
bool defines(std::string_view line, std::string_view name) {
  if (!line.starts_with("def ")) return false;
  line = trim(line.substr(4));
  return line.starts_with(name) && trim(line.substr(name.size())).starts_with("(");
}

}  // namespace

EvaluatorShape inspect_evaluator(std::string_view python_source) {
  EvaluatorShape shape;
  bool stage[3] = {};
  for (const std::string_view line : split_lines(python_source)) {
    shape.has_evaluate = shape.has_evaluate || defines(line, "evaluate");
    for (int i = 0; i < 3; ++i) {
      stage[i] = stage[i] || defines(line, fmt::format("evaluate_stage{}", i + 1));
    }
  }
  while (shape.stages < 3 && stage[shape.stages]) ++shape.stages;
  shape.has_evaluate = shape.has_evaluate || shape.stages > 0;
  shape.knows_results = python_source.find("results_dir") != std::string_view::npos;
  return shape;
}

Result<EvaluatorForm> evaluator_form(const launch::EvaluationOptions& options,
                                     std::string_view source) {
  EvaluatorForm form = EvaluatorForm::script;
  if (options.evaluate_function_json != "{}") {
    form = EvaluatorForm::target;
  } else if (options.form == launch::EvaluatorForm::function ||
             (options.form == launch::EvaluatorForm::automatic &&
              inspect_evaluator(source).is_function())) {
    form = EvaluatorForm::function;
  }
  if (form == EvaluatorForm::script || options.extra_cmd_args_json == "{}") return form;
  return make_error(ErrorKind::invalid_argument,
                    form == EvaluatorForm::target
                        ? "job_config.extra_cmd_args: a function by name takes its arguments from "
                          "evaluate_function"
                        : fmt::format("job_config.extra_cmd_args: '{}' is called as "
                                      "evaluate(program_path) and takes no flags; use env_vars, or "
                                      "evaluator_form=script",
                                      options.eval_program_path));
}

std::vector<std::string> form_arguments(EvaluatorForm form,
                                        const launch::EvaluationOptions& options,
                                        const std::string& evaluator,
                                        const std::filesystem::path& helper) {
  std::vector<std::string> words;
  switch (form) {
    case EvaluatorForm::script:
      words = {evaluator};
      break;
    case EvaluatorForm::function:
      words = {(helper / "function_form.py").string(), "--evaluator", evaluator, "--settings",
               cascade_settings(options)};
      break;
    case EvaluatorForm::target:
      words = {(helper / "target_form.py").string(), "--function", options.evaluate_function_json};
      break;
  }
  words.insert(words.end(), {"--program_path", "{program_path}", "--results_dir", "{results_dir}"});
  return words;
}

std::string cascade_settings(const launch::EvaluationOptions& options) {
  json settings{{"cascade", options.cascade_evaluation},
                {"thresholds", options.cascade_thresholds},
                {"feature_dimensions", options.feature_dimensions}};
  if (options.stage_timeout) {
    settings["stage_timeout"] = static_cast<double>(options.stage_timeout->count()) / 1000;
  }
  return settings.dump();
}

}  // namespace genesis::evaluators
