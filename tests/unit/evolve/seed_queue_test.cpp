#include "genesis/evolve/seed_queue.h"

#include <gtest/gtest.h>

namespace genesis::evolve {
namespace {

Seed seed(const std::string& text, std::optional<std::size_t> parent = std::nullopt) {
  Seed made;
  made.program = Program("main.py", text);
  made.parent = parent;
  return made;
}

std::string key(const SeedQueue& queue, std::size_t index) {
  return queue.at(index).program.key();
}

TEST(SeedQueue, WithoutSeedsNothingIsWaitedFor) {
  const SeedQueue queue{std::vector<Seed>()};
  EXPECT_FALSE(queue.next());
  EXPECT_TRUE(queue.drained());
  EXPECT_TRUE(queue.settled());
}

TEST(SeedQueue, OneOfAnEarlierEpochHasItselfAsParent) {
  std::vector<Seed> seeds{seed("a"), seed("b")};
  seeds[0].generation_before = 0;
  seeds[1].generation_before = 17;
  SeedQueue queue(seeds);
  EXPECT_FALSE(queue.first_settled());
  EXPECT_EQ(queue.parent_of(0), 0);
  EXPECT_EQ(queue.parent_of(1), 17);
  queue.start(key(queue, 0));
  queue.settle(key(queue, 0), 40);
  EXPECT_TRUE(queue.first_settled());
  EXPECT_EQ(queue.next(), 1u);
  EXPECT_TRUE(SeedQueue(std::vector<Seed>()).first_settled());
}

TEST(SeedQueue, TheFirstGoesAlone) {
  SeedQueue queue({seed("a"), seed("b"), seed("c")});
  ASSERT_EQ(queue.next(), 0u);
  queue.start(key(queue, 0));
  EXPECT_FALSE(queue.next());
  queue.settle(key(queue, 0), 0);
  ASSERT_EQ(queue.next(), 1u);
  queue.start(key(queue, 1));
  ASSERT_EQ(queue.next(), 2u);  // the second is still on its way
  queue.start(key(queue, 2));
  EXPECT_TRUE(queue.drained());
  EXPECT_FALSE(queue.settled());
  queue.settle(key(queue, 2), 1);
  queue.settle(key(queue, 1), 2);
  EXPECT_TRUE(queue.settled());
}

TEST(SeedQueue, AChildWaitsForItsParentAndKnowsItsGeneration) {
  SeedQueue queue({seed("a"), seed("b"), seed("c", 1), seed("d", 2)});
  queue.start(key(queue, 0));
  queue.settle(key(queue, 0), 0);
  queue.start(key(queue, 1));
  EXPECT_FALSE(queue.next());
  queue.settle(key(queue, 1), 7);
  ASSERT_EQ(queue.next(), 2u);
  EXPECT_EQ(queue.parent_of(2), 7);
  queue.start(key(queue, 2));
  queue.settle(key(queue, 2), -1);  // given up
  ASSERT_EQ(queue.next(), 3u);
  EXPECT_EQ(queue.parent_of(3), -1);
}

TEST(SeedQueue, TakesUpWhatAnEarlierSessionLeft) {
  SeedQueue queue({seed("a"), seed("b"), seed("c"), seed("d", 2)});
  queue.settle(key(queue, 0), 0);
  queue.start(key(queue, 2));  // in flight; the one before it was given up or never started
  EXPECT_EQ(queue.next(), 1u);
  queue.start(key(queue, 1));
  EXPECT_FALSE(queue.next());
  queue.settle(key(queue, 2), 1);
  EXPECT_EQ(queue.next(), 3u);
}

TEST(SeedQueue, StrangersAndRepetitionsChangeNothing) {
  SeedQueue queue({seed("a"), seed("b")});
  queue.start("nobody");
  queue.settle("nobody", 3);
  queue.settle(key(queue, 0), 0);
  queue.settle(key(queue, 0), 5);
  queue.start(key(queue, 0));
  EXPECT_FALSE(queue.settled());
  EXPECT_EQ(queue.next(), 1u);
  EXPECT_TRUE(queue.has(key(queue, 1)));
  EXPECT_FALSE(queue.has("nobody"));
}

}  // namespace
}  // namespace genesis::evolve
