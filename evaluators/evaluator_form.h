#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "launch/registry.h"

namespace genesis::evaluators {

/// How a Python evaluator is called.
enum class EvaluatorForm {
  script,    ///< A program with --program_path and --results_dir that writes the result files.
  function,  ///< evaluate(program_path) -> dict | EvaluationResult; the helper does the rest.
  target,    ///< A dotted name and arguments (evaluate_function); it writes the result files.
};

/// What the text of a Python evaluator tells.
struct EvaluatorShape {
  bool has_evaluate = false;   ///< Defines evaluate() or evaluate_stage1() at the top level.
  bool knows_results = false;  ///< Mentions results_dir, which a script needs.
  int stages = 0;              ///< evaluate_stage1 … without a gap, at most 3.
  bool is_function() const { return has_evaluate && !knows_results; }
};
EvaluatorShape inspect_evaluator(std::string_view python_source);

/// The form that the options ask for, or that the text has. `source` is the evaluator's text, empty
/// when there is none. Errors: a function that takes flags, or a text without one.
Result<EvaluatorForm> evaluator_form(const launch::EvaluationOptions& options,
                                     std::string_view source);

/// The words that follow the interpreter, the script first, with {program_path} and {results_dir}
/// in them. `helper` is the folder of the helper's scripts.
std::vector<std::string> form_arguments(EvaluatorForm form,
                                        const launch::EvaluationOptions& options,
                                        const std::string& evaluator,
                                        const std::filesystem::path& helper);

/// How a cascade is judged, as the helper reads it; part of what makes scores comparable.
std::string cascade_settings(const launch::EvaluationOptions& options);

}  // namespace genesis::evaluators
