#include "genesis/evolve/operators/literal_steps.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace genesis::evolve {
namespace {

constexpr double kLargest = 1e300;
/// Integers beyond this are left to other operators: a double would no longer hold them exactly.
constexpr std::int64_t kLargestInteger = std::int64_t{1} << 53;

double rounded(double value, int digits) {
  if (value == 0) return value;
  const double scale =
      std::pow(10.0, digits - 1 - static_cast<int>(std::floor(std::log10(std::fabs(value)))));
  const double result = std::round(value * scale) / scale;
  return std::isfinite(result) ? result : value;
}

double bounded(double value, double fallback) {
  return std::isfinite(value) && std::fabs(value) <= kLargest ? value : fallback;
}

}  // namespace

double draw_width(RandomStream& random) {
  return std::pow(10.0, random.uniform(-4.0, 0.0));
}

double gaussian_step(double value, double width, double typical, RandomStream& random) {
  constexpr double kRelative = 0.6;
  constexpr double kRounded = 0.2;
  const bool relative = value != 0 && random.chance(kRelative);
  const double step = width * random.normal() * (relative ? std::fabs(value) : typical);
  double result = value + step;
  if (random.chance(kRounded)) result = rounded(result, 2 + static_cast<int>(random.below(3)));
  return bounded(result, value);
}

double logarithmic_step(double value, RandomStream& random) {
  constexpr double kWidest = 0.5;  // decades
  const double draw = random.uniform();
  if (draw < 0.05) return -value;
  if (draw < 0.15) return bounded(value * (random.chance(0.5) ? 2.0 : 0.5), value);
  if (draw < 0.20) return bounded(value * (random.chance(0.5) ? 10.0 : 0.1), value);
  const double decades = random.normal() * kWidest * std::pow(10.0, random.uniform(-2.0, 0.0));
  return bounded(value * std::pow(10.0, decades), value);
}

std::int64_t integer_step(std::int64_t value, RandomStream& random) {
  if (std::llabs(value) > kLargestInteger) return value;
  const double draw = random.uniform();
  std::int64_t step = 1;
  if (draw > 0.60) {
    while (step < 64 && random.chance(0.5)) ++step;
  }
  std::int64_t result = random.chance(0.5) ? value + step : value - step;
  if (draw > 0.85) {
    const auto span = static_cast<std::uint64_t>(std::max<std::int64_t>(4, 2 * std::llabs(value)));
    result = static_cast<std::int64_t>(random.below(span));
  }
  if (value >= 0 && result < 0) result = -result;
  if (result == value) result = value + 1;
  return result;
}

std::string perturbed_text(const LiteralSite& site, double width, double typical,
                           RandomStream& random) {
  if (site.number.is_integer) return integer_text(site, integer_step(site.integer(), random));
  return real_text(site, gaussian_step(site.value(), width, typical, random));
}

}  // namespace genesis::evolve
