#include "genesis/run/score_summary.h"

#include <algorithm>
#include <cmath>

namespace genesis::run {

ScoreSummary summarise(const std::vector<double>& scores) {
  ScoreSummary summary;
  summary.count = scores.size();
  if (scores.empty()) return summary;
  summary.lowest = *std::min_element(scores.begin(), scores.end());
  summary.highest = *std::max_element(scores.begin(), scores.end());
  const auto count = static_cast<double>(scores.size());
  // Running means: a sum of large scores could overflow.
  for (std::size_t i = 0; i < scores.size(); ++i) {
    summary.mean += (scores[i] - summary.mean) / static_cast<double>(i + 1);
  }
  if (summary.same()) summary.mean = summary.lowest;
  double squares = 0;
  for (const double score : scores) squares += (score - summary.mean) * (score - summary.mean);
  if (scores.size() > 1) summary.deviation = std::sqrt(squares / (count - 1));
  return summary;
}

}  // namespace genesis::run
