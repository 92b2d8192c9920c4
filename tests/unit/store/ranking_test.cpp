#include "genesis/store/ranking.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "genesis/base/rng.h"
#include "tests/unit/store/store_fixture.h"

namespace genesis::store {
namespace {

using ::testing::SizeIs;

class RankingTest : public StoreTest {
 protected:
  /// Few scores, so that many are equal.
  static ProgramRecord random_program(std::int64_t id) {
    RandomStream random(9, "ranking", static_cast<std::uint64_t>(id));
    ProgramRecord program = make_program(id, static_cast<double>(random.below(50)) / 8);
    program.correct = !random.chance(0.2);
    if (random.chance(0.05)) program.score = std::numeric_limits<double>::quiet_NaN();
    if (random.chance(0.01)) program.score = -std::numeric_limits<double>::infinity();
    return program;
  }
  void evolve(RunStore& store, std::int64_t id) {
    store.queue_evaluation(id, make_proposal(id), make_attempt(id));
    store.record(random_program(id), {});
    if (id % 7 == 0) store.hand_over();
  }
  /// The order that looking at every program gives.
  static std::vector<std::int64_t> expected(std::int64_t programs, std::size_t count) {
    std::vector<std::pair<double, std::int64_t>> order;
    for (std::int64_t id = 0; id < programs; ++id) {
      const ProgramRecord program = random_program(id);
      if (program.correct && !std::isnan(program.score)) order.emplace_back(-program.score, id);
    }
    std::sort(order.begin(), order.end());
    std::vector<std::int64_t> generations;
    for (const auto& [score, id] : order) {
      if (generations.size() < count) generations.push_back(id);
    }
    return generations;
  }
  std::vector<std::int64_t> shown(int count) { return best_first(*reader(), count); }
};

TEST_F(RankingTest, IsThatOfAllProgramsBeforeAndAfterSortingIn) {
  // Several sessions: what waits is found again.
  std::int64_t next = 0;
  for (const std::int64_t programs : {3, 200, 400, 900, 2000}) {
    const auto store = open(programs);
    for (; next < programs; ++next) evolve(*store, next);
    ASSERT_TRUE(store->flush());
    EXPECT_EQ(shown(10), expected(programs, 10)) << programs;
    EXPECT_EQ(shown(100'000), expected(programs, 100'000)) << programs;
  }
  EXPECT_EQ(shown(0), expected(2000, 0));
  EXPECT_EQ(reader()->best().value()->generation, expected(2000, 1)[0]);
  EXPECT_THAT(troubles_, SizeIs(0));
}

// An entry that is refused turns the commit into one entry by entry: none may be ranked twice.
TEST_F(RankingTest, ARefusedEntryLeavesTheOthersRankedOnce) {
  const auto store = open();
  constexpr std::int64_t kPrograms = 700;
  for (std::int64_t id = 0; id < kPrograms; ++id) {
    store->queue_evaluation(id, make_proposal(id), make_attempt(id));
    store->record(random_program(id), {});
    ProgramRecord again = random_program(id);
    again.generation += kPrograms;
    again.correct = true;
    again.score = 1000;
    store->record(again, {});
    if (id % 100 == 50) store->hand_over();
  }
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(shown(100'000), expected(kPrograms, 100'000));
  ASSERT_TRUE(posted_.run_until([&] { return troubles_.size() == kPrograms; }));
}

TEST(Ranking, WhatWaitsIsBounded) {
  EXPECT_EQ(most_unranked(0), 256);
  EXPECT_EQ(most_unranked(320'000), 10'000);
  EXPECT_EQ(most_unranked(100'000'000), 32'768);
}

}  // namespace
}  // namespace genesis::store
