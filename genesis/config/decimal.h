#pragma once

#include <string>

#include "genesis/config/scalar.h"

namespace genesis::config {

/// A decimal number of any size: what ranges need of Python's integers and of decimal.Decimal. A
/// value type; finite or infinite, never NaN.
class Decimal {
 public:
  /// Of a number or boolean, exactly: a double with all its digits. The scalar must not be NaN.
  static Decimal of(const Scalar& number);

  bool is_zero() const { return !infinite_ && digits_ == "0"; }
  bool negative() const { return negative_; }
  bool infinite() const { return infinite_; }

  /// The exact sum. Both must be finite.
  Decimal plus(const Decimal& other) const;
  /// The sum to 28 significant digits, halves to even, as decimal.Decimal adds. The caller sees to
  /// it that no two opposite infinities meet.
  Decimal plus_rounded(const Decimal& other) const;
  Decimal negated() const;
  Decimal absolute() const;
  /// < 0, 0 or > 0. Zeros are equal whatever their sign.
  int compare(const Decimal& other) const;

  /// The nearest double.
  double to_double() const;
  /// The integer it is. It must have been made of integers.
  Scalar to_integer() const;

 private:
  void round_to(std::size_t digits);

  bool infinite_ = false;
  bool negative_ = false;
  std::string digits_ = "0";  ///< Without leading zeros.
  int exponent_ = 0;          ///< The value is digits · 10^exponent.
};

}  // namespace genesis::config
