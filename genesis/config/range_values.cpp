#include "genesis/config/range_values.h"

#include <cmath>
#include <cstdlib>
#include <string>

#include "genesis/config/decimal.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw ConfigError(Reject::composition, "range(): " + message);
}

bool is_float(const Scalar& number) {
  return std::holds_alternative<double>(number);
}
bool is_nan(const Scalar& number) {
  const auto* value = std::get_if<double>(&number);
  return value != nullptr && std::isnan(*value);
}

double as_double(const Scalar& number) {
  if (const auto* value = std::get_if<double>(&number)) return *value;
  return Decimal::of(number).to_double();
}

/// a + b, or a - b, as Python adds: exact for integers, in doubles as soon as one is a float.
Scalar sum(const Scalar& a, const Scalar& b, bool subtract) {
  if (is_float(a) || is_float(b)) {
    return subtract ? as_double(a) - as_double(b) : as_double(a) + as_double(b);
  }
  const Decimal right = Decimal::of(b);
  return Decimal::of(a).plus(subtract ? right.negated() : right).to_integer();
}

Scalar absolute(const Scalar& number) {
  if (const auto* value = std::get_if<double>(&number)) return std::fabs(*value);
  return Decimal::of(number).absolute().to_integer();
}

Scalar negated(const Scalar& number) {
  if (const auto* value = std::get_if<double>(&number)) return -*value;
  return Decimal::of(number).negated().to_integer();
}

bool less(const Scalar& a, const Scalar& b) {
  return !is_nan(a) && !is_nan(b) && Decimal::of(a).compare(Decimal::of(b)) < 0;
}

}  // namespace

std::vector<Scalar> range_values(const RangeBounds& range, std::size_t most) {
  if (is_nan(range.start) || is_nan(range.stop) || is_nan(range.step)) fail("NaN has no order");
  const bool floats = is_float(range.start) || is_float(range.stop) || is_float(range.step);
  const Decimal stop = Decimal::of(range.stop);
  const Decimal step = Decimal::of(range.step);
  if (step.is_zero()) fail("the step must not be 0");
  Decimal at = Decimal::of(range.start);
  std::vector<Scalar> values;
  while (step.negative() ? at.compare(stop) > 0 : at.compare(stop) < 0) {
    if (values.size() == most) fail("more than " + std::to_string(most) + " values");
    values.push_back(floats ? Scalar(at.to_double()) : at.to_integer());
    if (at.infinite() && step.infinite() && at.negative() != step.negative()) {
      fail("infinity and minus infinity have no sum");
    }
    at = floats ? at.plus_rounded(step) : at.plus(step);
  }
  return values;
}

RangeBounds sorted_range(const RangeBounds& range, bool reverse) {
  const bool turn = reverse ? less(range.start, range.stop) : less(range.stop, range.start);
  if (!turn) return range;
  const Scalar size = absolute(range.step);
  RangeBounds turned;
  turned.start = sum(range.stop, size, reverse);
  turned.stop = sum(range.start, size, reverse);
  turned.step = negated(range.step);
  return turned;
}

}  // namespace genesis::config
