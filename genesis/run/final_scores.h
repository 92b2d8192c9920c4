#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/run/score_summary.h"

namespace genesis::run {

/// One of the best programs on seeds that the search never saw.
struct FinalProgram {
  std::int64_t generation = 0;
  double search_score = 0;
  std::map<int, std::optional<double>> by_seed;  ///< From 1; without a value where it failed.

  ScoreSummary summary() const;
  int failures() const;
};

/// A run's best programs on unseen seeds, as far as they are evaluated. The search's best first.
struct FinalScores {
  std::int64_t epoch = 1;
  std::string evaluator_hash;
  int repeats = 0;
  std::vector<FinalProgram> programs;

  /// (index of the program, seed) of what is not there yet; each program's first seed first.
  std::vector<std::pair<std::size_t, int>> missing() const;
  /// The program that is best on unseen seeds: fewest failures, then the highest mean. Null while
  /// there is nothing to compare.
  const FinalProgram* best() const;
};

/// The state key under which they are kept.
inline constexpr std::string_view kFinalScoresKey = "final_scores";

/// What there is to do for these programs: results that are known by the same evaluator stay.
FinalScores plan_final_scores(const FinalScores& known, FinalScores wanted);

nlohmann::json to_json(const FinalScores& scores);
/// Kind `parse`.
Result<FinalScores> decode_final_scores(std::string_view text);

/// Lines for people: "on 20 unseen seeds: gen 812 0.871 ± 0.012 (0.93 in the search)" …; empty
/// where there are none.
std::vector<std::string> describe(const FinalScores& scores);

}  // namespace genesis::run
