#pragma once

#include <cstddef>
#include <vector>

namespace genesis::run {

/// Repeated scores of one program.
struct ScoreSummary {
  std::size_t count = 0;
  double mean = 0;
  double deviation = 0;  ///< Of the sample; 0 for fewer than two.
  double lowest = 0;
  double highest = 0;
  bool same() const { return lowest == highest; }
};
ScoreSummary summarise(const std::vector<double>& scores);

}  // namespace genesis::run
