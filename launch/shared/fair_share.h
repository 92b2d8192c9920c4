#pragma once

#include <vector>

namespace genesis::launch {

/// One of those who share slots.
struct Share {
  int demand = 0;  ///< Jobs it has submitted that have not ended.
  int limit = 0;   ///< The most it wants at a time.
};

/// How many jobs each may have at a time, so that the slots are shared fairly and none stays idle
/// while somebody wants it: what max-min fairness ("water filling") would give it if it wanted all
/// there is and the others what they have. At least 1, at most its limit; 0 when there are no
/// slots. The numbers may add up to more than `slots`: those who use less than their share leave
/// the rest to each of the others.
std::vector<int> fair_capacities(int slots, const std::vector<Share>& shares);

}  // namespace genesis::launch
