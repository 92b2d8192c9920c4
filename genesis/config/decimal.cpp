#include "genesis/config/decimal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>

namespace genesis::config {
namespace {

constexpr std::size_t kPrecision = 28;  // of Python's default decimal context

void strip_leading_zeros(std::string& digits) {
  const std::size_t first = digits.find_first_not_of('0');
  digits.erase(0, first == std::string::npos ? digits.size() - 1 : first);
}

/// Sum of two digit strings of equal exponent.
std::string add_digits(const std::string& a, const std::string& b) {
  std::string out;
  int carry = 0;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()) || carry != 0; ++i) {
    const int left = i < a.size() ? a[a.size() - 1 - i] - '0' : 0;
    const int right = i < b.size() ? b[b.size() - 1 - i] - '0' : 0;
    out += static_cast<char>('0' + (left + right + carry) % 10);
    carry = (left + right + carry) / 10;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

int compare_digits(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

/// Difference of two digit strings, the first not being the smaller one.
std::string subtract_digits(const std::string& a, const std::string& b) {
  std::string out(a.size(), '0');
  int borrow = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    int digit = a[a.size() - 1 - i] - '0' - borrow;
    if (i < b.size()) digit -= b[b.size() - 1 - i] - '0';
    borrow = digit < 0 ? 1 : 0;
    out[a.size() - 1 - i] = static_cast<char>('0' + digit + 10 * borrow);
  }
  strip_leading_zeros(out);
  return out;
}

}  // namespace

Decimal Decimal::of(const Scalar& number) {
  Decimal result;
  if (const auto* value = std::get_if<double>(&number)) {
    result.negative_ = std::signbit(*value);
    result.infinite_ = std::isinf(*value);
    if (result.infinite_ || *value == 0) return result;
    // Doubles have at most 767 significant digits; printf gives all of them.
    char text[800];
    std::snprintf(text, sizeof text, "%.780e", std::fabs(*value));
    const std::string exact(text);
    const std::size_t e = exact.find('e');
    result.digits_ = exact.substr(0, 1) + exact.substr(2, e - 2);
    result.exponent_ = std::atoi(exact.c_str() + e + 1) - static_cast<int>(e - 2);
    const std::size_t last = result.digits_.find_last_not_of('0');
    result.exponent_ += static_cast<int>(result.digits_.size() - 1 - last);
    result.digits_.erase(last + 1);
    return result;
  }
  std::string digits;
  if (const auto* flag = std::get_if<bool>(&number)) {
    digits = *flag ? "1" : "0";
  } else {
    digits = python_str(number);
  }
  result.negative_ = digits[0] == '-';
  if (result.negative_) digits.erase(0, 1);
  result.digits_ = std::move(digits);
  strip_leading_zeros(result.digits_);
  return result;
}

Decimal Decimal::plus(const Decimal& other) const {
  std::string left = digits_;
  std::string right = other.digits_;
  Decimal result;
  result.exponent_ = std::min(exponent_, other.exponent_);
  left.append(static_cast<std::size_t>(exponent_ - result.exponent_), '0');
  right.append(static_cast<std::size_t>(other.exponent_ - result.exponent_), '0');
  strip_leading_zeros(left);
  strip_leading_zeros(right);
  if (negative_ == other.negative_) {
    result.digits_ = add_digits(left, right);
    result.negative_ = negative_;
    return result;
  }
  const int order = compare_digits(left, right);
  result.negative_ = order == 0 ? false : order > 0 ? negative_ : other.negative_;
  result.digits_ = order >= 0 ? subtract_digits(left, right) : subtract_digits(right, left);
  return result;
}

Decimal Decimal::plus_rounded(const Decimal& other) const {
  if (infinite_) return *this;
  if (other.infinite_) return other;
  Decimal result = plus(other);
  result.round_to(kPrecision);
  return result;
}

void Decimal::round_to(std::size_t digits) {
  if (digits_.size() <= digits) return;
  const std::string rest = digits_.substr(digits);
  digits_.resize(digits);
  exponent_ += static_cast<int>(rest.size());
  const bool above_half =
      rest[0] > '5' || (rest[0] == '5' && rest.find_first_not_of('0', 1) != std::string::npos);
  const bool half = rest[0] == '5' && !above_half;
  const bool odd = (digits_.back() - '0') % 2 == 1;
  if (!above_half && !(half && odd)) return;
  digits_ = add_digits(digits_, "1");
  if (digits_.size() > digits) {
    digits_.pop_back();  // 99…9 became 100…0
    ++exponent_;
  }
}

Decimal Decimal::negated() const {
  Decimal result = *this;
  result.negative_ = !negative_;
  return result;
}

Decimal Decimal::absolute() const {
  Decimal result = *this;
  result.negative_ = false;
  return result;
}

int Decimal::compare(const Decimal& other) const {
  const auto infinity = [](const Decimal& d) { return !d.infinite_ ? 0 : d.negative_ ? -1 : 1; };
  if (infinite_ || other.infinite_) return infinity(*this) - infinity(other);
  const Decimal difference = plus(other.negated());
  return difference.is_zero() ? 0 : difference.negative_ ? -1 : 1;
}

double Decimal::to_double() const {
  const double sign = negative_ ? -1.0 : 1.0;
  if (infinite_) return sign * std::numeric_limits<double>::infinity();
  return sign * std::strtod((digits_ + "e" + std::to_string(exponent_)).c_str(), nullptr);
}

Scalar Decimal::to_integer() const {
  const std::string digits = digits_ + std::string(static_cast<std::size_t>(exponent_), '0');
  const auto value = parse_integer(digits, 10, negative_ && !is_zero());
  return value ? *value : Scalar(BigInteger{(negative_ ? "-" : "") + digits});
}

}  // namespace genesis::config
