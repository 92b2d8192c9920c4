#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "evaluators/outcome.h"
#include "genesis/base/files.h"

namespace genesis::evaluators {

/// Larger result files are refused.
inline constexpr std::size_t kMaxResultBytes = 64u << 20;

/// The two result files as texts, from a folder or as a launcher returned them inline. An absent
/// text with an empty problem is a missing file; a problem says why it could not be read.
struct ResultTexts {
  std::optional<std::string> metrics_json;
  std::optional<std::string> correct_json;
  std::string metrics_problem;
  std::string correct_problem;
};

/// Reads metrics.json and correct.json of a results folder; symbolic links, special files and files
/// above kMaxResultBytes become problems. Never fails as a whole.
ResultTexts load_results(const fs::path& results_dir);

/// Judges the texts: ok, incorrect or invalid_output (the message begins with the file's name).
/// Takes a few microseconds for a small file; any thread.
EvaluationOutcome read_results(const ResultTexts& texts);

}  // namespace genesis::evaluators
