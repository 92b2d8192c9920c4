#include "launch/shared/fair_share.h"

#include <algorithm>
#include <cstdint>

namespace genesis::launch {
namespace {

/// Sums of min(demand, level) over all, for any level.
class Demands {
 public:
  explicit Demands(const std::vector<Share>& shares) {
    for (const Share& share : shares) sorted_.push_back(std::max(share.demand, 0));
    std::sort(sorted_.begin(), sorted_.end());
    sums_.push_back(0);
    for (const int demand : sorted_) sums_.push_back(sums_.back() + demand);
  }

  std::int64_t filled_to(int level) const {
    const auto above = std::upper_bound(sorted_.begin(), sorted_.end(), level);
    const auto below = static_cast<std::size_t>(above - sorted_.begin());
    return sums_[below] + std::int64_t{level} * static_cast<std::int64_t>(sorted_.end() - above);
  }

 private:
  std::vector<int> sorted_;
  std::vector<std::int64_t> sums_;  ///< Of the first n demands.
};

}  // namespace

std::vector<int> fair_capacities(int slots, const std::vector<Share>& shares) {
  const Demands all(shares);
  std::vector<int> capacities;
  for (const Share& share : shares) {
    if (slots <= 0) {
      capacities.push_back(0);
      continue;
    }
    // The lowest level at which the others' use and one's own take up all slots.
    int low = 1;
    int high = slots;
    while (low < high) {
      const int level = low + (high - low) / 2;
      const std::int64_t others = all.filled_to(level) - std::min(std::max(share.demand, 0), level);
      if (others + level >= slots) {
        high = level;
      } else {
        low = level + 1;
      }
    }
    capacities.push_back(std::min(low, std::max(share.limit, 1)));
  }
  return capacities;
}

}  // namespace genesis::launch
