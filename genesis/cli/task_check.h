#pragma once

#include <string>
#include <vector>

#include "genesis/run/evolution_run.h"

namespace genesis::cli {

/// One thing that `genesis check` looked at.
struct CheckLine {
  enum class Verdict { ok, warning, failure };
  Verdict verdict = Verdict::ok;
  std::string what;    ///< "program", "evaluator", …
  std::string found;   ///< What is there; one line.
  std::string remedy;  ///< What to do; empty when ok. May have several lines.
};

/// Looks at the seed programs, their markers and the evaluator without running anything.
std::vector<CheckLine> check_files(const run::RunSpec& spec);

/// What an evaluation of the seed tells: outcome and remedy, time, and whether the score is steady
/// (`second` is absent when it was not run again).
std::vector<CheckLine> judge_evaluation(const run::SingleEvaluation& first,
                                        const run::SingleEvaluation* second,
                                        const run::RunSpec& spec);

/// Imports that cost more than 100 ms, from the error log of a Python evaluator that ran with
/// PYTHONPROFILEIMPORTTIME=1: "numpy 180 ms, scipy.optimize 320 ms", or "".
std::string slow_imports(const std::string& log);

}  // namespace genesis::cli
