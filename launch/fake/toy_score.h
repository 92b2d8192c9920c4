#pragma once

#include <string>
#include <string_view>

namespace genesis::launch {

/// A score for a program text that needs no evaluator: 1 / (1 + Σ |literal − target|) over the
/// numeric literals between EVOLVE-BLOCK markers (of the whole text when it has none); 0 when there
/// are none. Higher is better, 1 is the best. Digits inside names do not count.
struct ToyScore {
  double score = 0;
  double distance = 0;
  int literals = 0;
};
ToyScore toy_score(std::string_view program, double target);

/// The metrics.json of such a score.
std::string toy_metrics(const ToyScore& score);

}  // namespace genesis::launch
