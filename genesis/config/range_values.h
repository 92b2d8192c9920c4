#pragma once

#include <cstddef>
#include <vector>

#include "genesis/config/scalar.h"

namespace genesis::config {

/// start, stop and step of range(): numbers or booleans.
struct RangeBounds {
  Scalar start;
  Scalar stop;
  Scalar step;
};

/// What Python's range() gives for integers of any size, and what Hydra gives when one of the three
/// is a float: start, start + step, … in decimal arithmetic, each as the nearest double. Throws
/// ConfigError (composition): a step of 0, NaN, or more than `most` values.
std::vector<Scalar> range_values(const RangeBounds& range, std::size_t most);

/// sort(range(…)): Hydra turns the bounds round when they run the other way.
RangeBounds sorted_range(const RangeBounds& range, bool reverse);

}  // namespace genesis::config
