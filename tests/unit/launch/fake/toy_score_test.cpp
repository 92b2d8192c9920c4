#include "launch/fake/toy_score.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace genesis::launch {
namespace {

TEST(ToyScore, IsOneAtTheTargetAndFallsWithDistance) {
  EXPECT_DOUBLE_EQ(toy_score("x = 3", 3).score, 1);
  EXPECT_DOUBLE_EQ(toy_score("x = 5", 3).score, 1.0 / 3);
  EXPECT_DOUBLE_EQ(toy_score("x = 2.5e0 + .5", 0).distance, 3);
}

TEST(ToyScore, DigitsInNamesAreNoLiterals) {
  const auto score = toy_score("x2 = a_3b + 4", 0);
  EXPECT_EQ(score.literals, 1);
  EXPECT_DOUBLE_EQ(score.distance, 4);
}

TEST(ToyScore, OnlyTheBlocksCountWhenThereAreSome) {
  const auto score = toy_score(
      "a = 100\n# EVOLVE-BLOCK-START\nb = 1\n# EVOLVE-BLOCK-END\nc = 100\n"
      "# EVOLVE-BLOCK-START\nd = 2\n# EVOLVE-BLOCK-END\n",
      0);
  EXPECT_EQ(score.literals, 2);
  EXPECT_DOUBLE_EQ(score.distance, 3);
}

TEST(ToyScore, NothingToScoreIsZero) {
  EXPECT_EQ(toy_score("", 0).score, 0);
  EXPECT_EQ(toy_score("no numbers", 0).score, 0);
  EXPECT_EQ(toy_score("1e999", 0).literals, 0);
  EXPECT_EQ(toy_score("# EVOLVE-BLOCK-START", 0).score, 0);
}

TEST(ToyScore, MetricsAreAMetricsFile) {
  const auto metrics = nlohmann::json::parse(toy_metrics(toy_score("1 1", 0)));
  EXPECT_DOUBLE_EQ(metrics.at("combined_score").get<double>(), 1.0 / 3);
  EXPECT_EQ(metrics.at("public").at("literals").get<int>(), 2);
}

}  // namespace
}  // namespace genesis::launch
