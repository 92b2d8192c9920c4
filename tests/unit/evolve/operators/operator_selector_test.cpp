#include "genesis/evolve/operator_selector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace genesis::evolve {
namespace {

std::vector<OperatorSelector::Arm> arms() {
  return {{"a", 1}, {"b", 1}, {"c", 2}};
}

double sum(const OperatorSelector& selector) {
  double total = 0;
  for (std::size_t i = 0; i < selector.size(); ++i) total += selector.probability(i);
  return total;
}

TEST(OperatorSelector, StartsWithThePriorWeights) {
  const OperatorSelector selector(arms(), {});
  EXPECT_NEAR(selector.probability(0), 0.25, 1e-12);
  EXPECT_NEAR(selector.probability(2), 0.5, 1e-12);
  const OperatorSelector builtin;
  ASSERT_EQ(builtin.size(), builtin_operators().size());
  for (std::size_t i = 0; i < builtin.size(); ++i) {
    EXPECT_EQ(builtin.name(i), builtin_operators()[i]->name());
    EXPECT_GT(builtin.probability(i), 0.005);
  }
}

TEST(OperatorSelector, LearnsWhatHelpsAndKeepsTheRestAlive) {
  OperatorSelector selector(arms(), {});
  for (int i = 0; i < 2000; ++i) {
    selector.learn(0, 0);
    selector.learn(1, OperatorSelector::kRecord);
    selector.learn(2, 0);
  }
  EXPECT_GT(selector.probability(1), 0.7);
  EXPECT_GE(selector.probability(0), 0.2 * 0.25);
  EXPECT_NEAR(sum(selector), 1.0, 1e-9);
  // It turns when the world turns.
  for (int i = 0; i < 2000; ++i) {
    selector.learn(0, OperatorSelector::kRecord);
    selector.learn(1, 0);
  }
  EXPECT_GT(selector.probability(0), 0.7);
}

TEST(OperatorSelector, DrawsWithItsProbabilities) {
  const OperatorSelector selector(arms(), {});
  std::vector<int> counts(3);
  RandomStream random(1, "operator", 0);
  for (int i = 0; i < 40'000; ++i) ++counts[selector.choose(random)];
  EXPECT_NEAR(counts[0], 10'000, 500);
  EXPECT_NEAR(counts[2], 20'000, 500);
}

TEST(OperatorSelector, StrangeRewardsAreHarmless) {
  OperatorSelector selector(arms(), {});
  for (const double reward : {std::numeric_limits<double>::quiet_NaN(), -5.0, 1e300,
                              std::numeric_limits<double>::infinity()}) {
    selector.learn(0, reward);
    EXPECT_TRUE(std::isfinite(selector.probability(0)));
    EXPECT_NEAR(sum(selector), 1.0, 1e-9);
  }
}

TEST(OperatorSelector, StateGoesThroughTextExactly) {
  OperatorSelector selector(arms(), {});
  RandomStream random(2, "operator", 0);
  for (int i = 0; i < 500; ++i) selector.learn(selector.choose(random), random.uniform());
  OperatorSelector other(arms(), {});
  ASSERT_TRUE(other.load(selector.save()));
  EXPECT_EQ(other.save(), selector.save());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(other.probability(i), selector.probability(i));
}

TEST(OperatorSelector, StateSurvivesNewAndLostOperators) {
  OperatorSelector old({{"a", 1}, {"gone", 1}}, {});
  for (int i = 0; i < 300; ++i) old.learn(0, 1);
  OperatorSelector grown({{"new", 1}, {"a", 1}}, {});
  ASSERT_TRUE(grown.load(old.save()));
  EXPECT_GT(grown.probability(1), grown.probability(0));
}

TEST(OperatorSelector, RefusesForeignTextAndKeepsItsState) {
  OperatorSelector selector(arms(), {});
  selector.learn(0, 1);
  const std::string before = selector.save();
  for (const char* text : {"", "credit2", "credit1 a", "credit1 a x 1", "credit1 a 1 -1",
                           "credit1 a 1 nan", "credit1 a 1 1 ", "garbage \xff"}) {
    EXPECT_FALSE(selector.load(text)) << text;
    EXPECT_EQ(selector.save(), before);
  }
  EXPECT_TRUE(selector.load("credit1"));
}

TEST(OperatorSelector, NeedsOperators) {
  EXPECT_THROW(OperatorSelector({}, SelectorOptions{}), GenesisError);
}

}  // namespace
}  // namespace genesis::evolve
