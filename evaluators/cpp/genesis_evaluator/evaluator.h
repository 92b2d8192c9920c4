#pragma once

#include <functional>
#include <string>
#include <vector>

#include "genesis_evaluator/arguments.h"
#include "genesis_evaluator/candidate_child.h"
#include "genesis_evaluator/metrics.h"

/// For evaluators written in C++. A whole one:
///
///     #include <genesis_evaluator/evaluator.h>
///     namespace ge = genesis::evaluator;
///
///     int main(int argc, char** argv) {
///       return ge::run(argc, argv, {}, [](const ge::Arguments& arguments) {
///         ge::Report report;
///         report.combined_score = score_of(arguments.program());
///         report.public_metrics.set("characters", arguments.program().size());
///         return report;
///       });
///     }
///
/// The candidate's own code belongs in a child process (call_in_child): what runs in the
/// evaluator's process can write its own score.
namespace genesis::evaluator {

/// What is said of a program. Higher scores are better.
struct Report {
  double combined_score = 0;  ///< NaN and infinities make the program incorrect.
  bool correct = true;
  std::string error;        ///< Why it is not correct.
  Metrics public_metrics;   ///< Shown to people and to mutators.
  Metrics private_metrics;  ///< Kept, not shown to mutators.
  std::string text_feedback;
};

using Evaluate = std::function<Report(const Arguments& arguments)>;

/// Parses the command line, calls `evaluate` and writes metrics.json, then correct.json, each under
/// a temporary name and renamed; result files that are there before, or that the candidate made
/// meanwhile, are removed. Returns what `main` returns:
///
/// - 0: both files are written. Any exception but those below makes the program incorrect, with
///   score 0 and the exception's message.
/// - 1: CannotEvaluate, or the files could not be written (the message is on standard error). Also
///   when the results folder is no longer the one of the start: it may hold forged files.
/// - 2: a UsageError, from parsing or from a flag's value.
int run(int argc, char** argv, const std::vector<Flag>& flags, const Evaluate& evaluate);

}  // namespace genesis::evaluator
