#include "genesis/evolve/island_race.h"

#include <gtest/gtest.h>

#include "genesis/base/rng.h"

namespace genesis::evolve {
namespace {

/// So many programs are born on an island that has got to `best`; does it begin again at the last?
bool live(IslandRace& race, int island, int programs, double best) {
  for (int i = 1; i < programs; ++i) EXPECT_FALSE(race.begins_again(island, best)) << i;
  return race.begins_again(island, best);
}

TEST(IslandRace, TheBestThirdOfThoseThatReachedARungGoesOn) {
  IslandRace race(4, 10);
  EXPECT_FALSE(live(race, 0, 10, 1.0));  // the first is behind nobody
  EXPECT_TRUE(live(race, 1, 10, 0.5));
  EXPECT_FALSE(live(race, 2, 10, 2.0));
  EXPECT_FALSE(live(race, 1, 10, 1.5));  // of four two go on
  EXPECT_TRUE(live(race, 3, 10, 1.4));
}

TEST(IslandRace, ARungIsThreeTimesTheOneBeforeAndHasARankingOfItsOwn) {
  IslandRace race(3, 10);
  EXPECT_FALSE(live(race, 0, 10, 1.0));
  EXPECT_FALSE(live(race, 0, 20, 5.0));  // alone at 30
  EXPECT_FALSE(live(race, 1, 10, 1.1));  // 5.0 is not what island 0 had at this age
  EXPECT_TRUE(live(race, 1, 20, 4.0));
  EXPECT_FALSE(live(race, 0, 60, 5.0));  // alone at 90
}

TEST(IslandRace, OneThatBeganAgainStartsAtAgeZero) {
  IslandRace race(2, 10);
  EXPECT_FALSE(live(race, 0, 10, 1.0));
  EXPECT_TRUE(live(race, 1, 10, 0.5));
  EXPECT_TRUE(live(race, 1, 10, 0.6));
}

TEST(IslandRace, EqualOnesAreNotBehindEachOther) {
  IslandRace race(2, 10);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(live(race, i % 2, 10, 1.0)) << i;
}

TEST(IslandRace, WithoutAFirstRungNobodyBeginsAgain) {
  IslandRace race(2, 0);
  EXPECT_FALSE(race.on());
  EXPECT_FALSE(live(race, 0, 1000, 1.0));
  EXPECT_FALSE(live(race, 1, 1000, 0.0));
}

TEST(IslandRace, GoesOnFromItsSavedStateAsIfItHadNotStopped) {
  IslandRace lived(3, 5);
  IslandRace resumed(3, 5);
  RandomStream random(1, "race", 0);
  for (int step = 0; step < 500; ++step) {
    const int island = static_cast<int>(random.below(3));
    const double best = random.uniform();
    ASSERT_EQ(lived.begins_again(island, best), resumed.begins_again(island, best));
    IslandRace next(3, 5);
    ASSERT_TRUE(next.load(resumed.save()));
    resumed = next;
  }
  EXPECT_EQ(lived.save(), resumed.save());
}

TEST(IslandRace, WhatItDidNotSaveIsRefusedAndChangesNothing) {
  IslandRace race(2, 5);
  (void)live(race, 0, 5, 1.0);
  const std::string before = race.save();
  for (const char* wrong : {"", "race1", "race2 0:0 0:0", "race1 0:0", "race1 0:0 x:0",
                            "race1 -1:0 0:0", "race1 5:1 0:0", "race1 5:1 0:0 / nan",
                            "race1 5:1 0:0 / 1 2", "race1 0:0 0:0 1.5", "race1 0:0:0 0:0"}) {
    const Status status = race.load(wrong);
    ASSERT_FALSE(status) << wrong;
    EXPECT_EQ(status.error().kind, ErrorKind::parse);
    EXPECT_EQ(race.save(), before);
  }
}

}  // namespace
}  // namespace genesis::evolve
