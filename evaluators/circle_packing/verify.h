#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "genesis/base/error.h"

namespace genesis::circle_packing {

/// A circle as the doubles that a construction holds.
struct Circle {
  double x = 0;
  double y = 0;
  double r = 0;
};

/// The answer of the exact check.
struct Verdict {
  bool valid = false;
  std::size_t circles = 0;
  double sum = 0;          ///< Of the radii: the exact sum, rounded once.
  std::string sum_digits;  ///< The exact sum to 20 decimals, cut off, not rounded.
  std::string problem;     ///< The first rule that is broken, and by how much. Empty when valid.
  double violation = 0;    ///< Size of that: how far outside, how deep the overlap.
};

/// More than this is refused: the check looks at every pair.
inline constexpr std::size_t kMaxCircles = 5000;

/// Checks that the circles lie in the unit square and do not overlap, with zero tolerance: every
/// double is an integer over a power of two, so all comparisons are of integers and exact. Touching
/// is allowed, and so are radii of zero. Errors (invalid_argument): no circles, too many, a value
/// that is not finite.
Result<Verdict> verify_circle_packing(std::span<const Circle> circles);

}  // namespace genesis::circle_packing
