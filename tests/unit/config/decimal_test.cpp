#include "genesis/config/decimal.h"

#include <gtest/gtest.h>

#include <limits>

#include "genesis/config/range_values.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

Decimal of(Scalar number) {
  return Decimal::of(number);
}
Decimal whole(const std::string& digits) {
  return Decimal::of(*python_int(digits));
}

TEST(Decimal, HoldsDoublesAndIntegersExactly) {
  for (const double value : {0.1, -2.5, 1e300, 5e-324, 1.7976931348623157e308, 123456789.0}) {
    EXPECT_EQ(of(value).to_double(), value);
  }
  EXPECT_EQ(of(std::numeric_limits<double>::infinity()).to_double(),
            std::numeric_limits<double>::infinity());
  EXPECT_EQ(python_str(whole("123456789012345678901234567890").to_integer()),
            "123456789012345678901234567890");
  EXPECT_EQ(python_str(of(true).to_integer()), "1");
}

TEST(Decimal, AddsExactly) {
  EXPECT_EQ(python_str(whole("99999999999999999999").plus(whole("1")).to_integer()),
            "100000000000000000000");
  EXPECT_EQ(python_str(whole("-5").plus(whole("3")).to_integer()), "-2");
  EXPECT_EQ(python_str(whole("5").plus(whole("-5")).to_integer()), "0");
  EXPECT_EQ(of(1e300).plus(of(1.0)).compare(of(1e300)), 1);
  EXPECT_EQ(of(0.5).plus(whole("1")).to_double(), 1.5);
}

// As decimal.Decimal: 28 digits, halves to even.
TEST(Decimal, RoundsSumsAsPythonDoes) {
  const Decimal half_up = whole("10000000000000000000000000015").plus_rounded(whole("0"));
  EXPECT_EQ(python_str(half_up.to_integer()), "10000000000000000000000000020");
  const Decimal half_down = whole("10000000000000000000000000025").plus_rounded(whole("0"));
  EXPECT_EQ(python_str(half_down.to_integer()), "10000000000000000000000000020");
  const Decimal carry = whole("99999999999999999999999999999").plus_rounded(whole("0"));
  EXPECT_EQ(python_str(carry.to_integer()), "100000000000000000000000000000");
}

TEST(Decimal, Compares) {
  EXPECT_LT(whole("-1").compare(whole("1")), 0);
  EXPECT_EQ(of(-0.0).compare(of(0.0)), 0);
  EXPECT_GT(of(std::numeric_limits<double>::infinity()).compare(of(1e308)), 0);
  EXPECT_GT(of(0.1).compare(of(0.09999999999999999)), 0);
}

TEST(RangeValues, SortTurnsTheBoundsRound) {
  const RangeBounds turned =
      sorted_range({std::int64_t{5}, std::int64_t{1}, std::int64_t{-2}}, false);
  EXPECT_EQ(python_str(turned.start), "3");
  EXPECT_EQ(python_str(turned.stop), "7");
  EXPECT_EQ(python_str(turned.step), "2");
}

TEST(RangeValues, StopsAtTheLimit) {
  const RangeBounds ten{std::int64_t{0}, std::int64_t{10}, std::int64_t{1}};
  EXPECT_EQ(range_values(ten, 10).size(), 10u);
  EXPECT_THROW(range_values(ten, 9), ConfigError);
}

}  // namespace
}  // namespace genesis::config
