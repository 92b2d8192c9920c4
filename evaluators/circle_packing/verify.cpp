#include "evaluators/circle_packing/verify.h"

#include <fmt/format.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace genesis::circle_packing {
namespace {

using Integer = boost::multiprecision::cpp_int;

/// All lengths are integers in units of 2^-1074, the smallest difference that doubles can have.
constexpr int kUnitExponent = 1074;

struct ExactCircle {
  Integer x, y, r;
};

Integer exact(double value) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);  // value = fraction * 2^exponent
  const auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  Integer result = mantissa;
  const int shift = exponent - 53 + kUnitExponent;
  // A subnormal's low bits are zero, so shifting right loses nothing.
  if (shift >= 0) return result << shift;
  const bool negative = result < 0;
  result = (negative ? Integer(-result) : result) >> -shift;
  return negative ? Integer(-result) : result;
}

const Integer& one() {
  static const Integer unit = Integer(1) << kUnitExponent;
  return unit;
}

/// A length in units as a double, rounded once; correct for any size.
double to_double(Integer length) {
  const bool negative = length < 0;
  if (negative) length = -length;
  if (length == 0) return 0;
  const int bits = static_cast<int>(msb(length)) + 1;
  const int drop = bits - 64;
  bool sticky = false;
  if (drop > 0) {
    sticky = (length & ((Integer(1) << drop) - 1)) != 0;
    length >>= drop;
  }
  auto head = length.convert_to<std::uint64_t>();
  if (sticky) head |= 1;  // so that a tie is not rounded as one
  const double value = std::ldexp(static_cast<double>(head), std::max(drop, 0) - kUnitExponent);
  return negative ? -value : value;
}

std::string to_digits(const Integer& length) {
  Integer scale = 1;
  for (int i = 0; i < 20; ++i) scale *= 10;
  const bool negative = length < 0;
  const Integer scaled = ((negative ? Integer(-length) : length) * scale) >> kUnitExponent;
  const Integer whole = scaled / scale, rest = scaled % scale;
  return fmt::format("{}{}.{:0>20}", negative ? "-" : "", whole.str(), rest.str());
}

struct Violation {
  std::string problem;
  double size = 0;
};

std::optional<Violation> outside(const ExactCircle& circle, std::size_t index) {
  if (circle.r < 0)
    return Violation{fmt::format("circle {} has a negative radius", index), -to_double(circle.r)};
  const std::pair<Integer, const char*> walls[] = {
      {circle.r - circle.x, "left"},
      {circle.x + circle.r - one(), "right"},
      {circle.r - circle.y, "lower"},
      {circle.y + circle.r - one(), "upper"},
  };
  for (const auto& [excess, side] : walls) {
    if (excess <= 0) continue;
    const double size = to_double(excess);
    return Violation{fmt::format("circle {} reaches {:.6g} beyond the {} side", index, size, side),
                     size};
  }
  return std::nullopt;
}

std::optional<Violation> overlap(const ExactCircle& a, const ExactCircle& b, std::size_t i,
                                 std::size_t j) {
  const Integer dx = a.x - b.x, dy = a.y - b.y, reach = a.r + b.r;
  const Integer distance_squared = dx * dx + dy * dy;
  const Integer missing = reach * reach - distance_squared;
  if (missing <= 0) return std::nullopt;
  // reach - distance, without cancellation: the integer root is exact to one unit of 2^-1074.
  const Integer depth = missing / (reach + sqrt(distance_squared));
  const double size = to_double(depth);
  return Violation{fmt::format("circles {} and {} overlap by {:.6g}", i, j, size), size};
}

std::optional<Violation> first_violation(const std::vector<ExactCircle>& circles) {
  for (std::size_t i = 0; i < circles.size(); ++i)
    if (auto found = outside(circles[i], i)) return found;
  for (std::size_t i = 0; i < circles.size(); ++i)
    for (std::size_t j = i + 1; j < circles.size(); ++j)
      if (auto found = overlap(circles[i], circles[j], i, j)) return found;
  return std::nullopt;
}

}  // namespace

Result<Verdict> verify_circle_packing(std::span<const Circle> circles) {
  if (circles.empty()) return make_error(ErrorKind::invalid_argument, "there are no circles");
  if (circles.size() > kMaxCircles)
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("{} circles are more than the {} that are checked",
                                  circles.size(), kMaxCircles));
  std::vector<ExactCircle> exact_circles;
  exact_circles.reserve(circles.size());
  Integer sum = 0;
  for (const auto& circle : circles) {
    if (!std::isfinite(circle.x) || !std::isfinite(circle.y) || !std::isfinite(circle.r))
      return make_error(
          ErrorKind::invalid_argument,
          fmt::format("circle {} has a value that is not finite", exact_circles.size()));
    exact_circles.push_back({exact(circle.x), exact(circle.y), exact(circle.r)});
    sum += exact_circles.back().r;
  }
  Verdict verdict;
  verdict.circles = circles.size();
  verdict.sum = to_double(sum);
  verdict.sum_digits = to_digits(sum);
  if (auto found = first_violation(exact_circles)) {
    verdict.problem = std::move(found->problem);
    verdict.violation = found->size;
  } else {
    verdict.valid = true;
  }
  return verdict;
}

}  // namespace genesis::circle_packing
