#include "launch/shared/fair_share.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "genesis/base/rng.h"

namespace genesis::launch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<int> shares_of(int slots, const std::vector<int>& demands, int limit = 1000) {
  std::vector<Share> shares;
  for (const int demand : demands) shares.push_back({demand, limit});
  return fair_capacities(slots, shares);
}

TEST(FairShare, OneAloneHasEverything) {
  EXPECT_THAT(shares_of(8, {0}), ElementsAre(8));
  EXPECT_THAT(shares_of(8, {100}), ElementsAre(8));
}

TEST(FairShare, ThoseWhoWantEverythingShareAlike) {
  EXPECT_THAT(shares_of(8, {100, 100}), ElementsAre(4, 4));
  EXPECT_THAT(shares_of(9, {100, 100, 100}), ElementsAre(3, 3, 3));
  EXPECT_THAT(shares_of(2, {9, 9, 9, 9, 9, 9}), ElementsAre(1, 1, 1, 1, 1, 1));
}

TEST(FairShare, WhatOneLeavesGoesToTheOthers) {
  EXPECT_THAT(shares_of(8, {1, 100}), ElementsAre(4, 7));
  EXPECT_THAT(shares_of(8, {0, 0, 100}), ElementsAre(4, 4, 8));
  EXPECT_THAT(shares_of(10, {2, 2, 100, 100}), ElementsAre(3, 3, 3, 3));
}

TEST(FairShare, KeepsToLimitsAndGivesEachAtLeastOne) {
  EXPECT_THAT(shares_of(8, {0, 0}, 1), ElementsAre(1, 1));
  EXPECT_THAT(shares_of(1, {5, 5, 5}), ElementsAre(1, 1, 1));
  EXPECT_THAT(shares_of(4, {3}, 0), ElementsAre(1));
}

TEST(FairShare, WithoutSlotsNobodyHasAny) {
  EXPECT_THAT(shares_of(0, {1, 2}), ElementsAre(0, 0));
  EXPECT_THAT(shares_of(-1, {1}), ElementsAre(0));
  EXPECT_THAT(shares_of(4, {}), IsEmpty());
}

// What makes it fair, over many cases: nobody gets less than slots/n; the level of one is just
// enough to fill the slots with what the others have; more demand of one never gives another more.
TEST(FairShare, HoldsItsPromisesOverRandomCases) {
  RandomStream random(1, "fair share", 0);
  for (int i = 0; i < 2000; ++i) {
    const int slots = 1 + static_cast<int>(random.below(64));
    std::vector<int> demands(1 + random.below(9));
    for (int& demand : demands) demand = static_cast<int>(random.below(80));
    const std::vector<int> capacities = shares_of(slots, demands);
    const int even = slots / static_cast<int>(demands.size());
    for (std::size_t k = 0; k < demands.size(); ++k) {
      const int own = capacities[k];
      EXPECT_GE(own, std::max(1, even));
      EXPECT_LE(own, slots);
      const auto used = [&](int level) {
        int sum = level;
        for (std::size_t j = 0; j < demands.size(); ++j) {
          if (j != k) sum += std::min(demands[j], level);
        }
        return sum;
      };
      EXPECT_GE(used(own), slots) << "a slot stays idle";
      if (own > 1) {
        EXPECT_LT(used(own - 1), slots) << "more than its share";
      }
      std::vector<int> greedier = demands;
      greedier[k] += 10;
      const std::vector<int> after = shares_of(slots, greedier);
      for (std::size_t j = 0; j < demands.size(); ++j) {
        if (j != k) {
          EXPECT_LE(after[j], capacities[j]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace genesis::launch
