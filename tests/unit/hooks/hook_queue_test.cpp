#include "genesis/hooks/hook_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::hooks {
namespace {

using std::chrono::seconds;

events::Announcement event(const std::string& name, std::int64_t seq) {
  events::Announcement event;
  event.event = name;
  event.seq = seq;
  return event;
}

class HookQueueTest : public testing::Test {
 protected:
  /// The number of what is delivered next, or -1.
  std::int64_t take(HookQueue& queue, int second) {
    const auto taken = queue.take(at(second));
    if (taken) queue.delivered(at(second));
    return taken ? taken->seq : -1;
  }
  static HookQueue::Time at(int second) { return HookQueue::Time(seconds(1000 + second)); }
};

TEST_F(HookQueueTest, OneAtATimeInOrder) {
  HookQueue queue({});
  EXPECT_TRUE(queue.idle());
  EXPECT_FALSE(queue.next_time(at(0)));
  queue.offer(event("start", 1));
  queue.offer(event("end", 2));
  EXPECT_EQ(queue.next_time(at(0)), at(0));
  ASSERT_EQ(queue.take(at(0))->seq, 1);
  EXPECT_FALSE(queue.take(at(0)));
  EXPECT_FALSE(queue.next_time(at(0)));
  EXPECT_FALSE(queue.idle());
  queue.delivered(at(1));
  EXPECT_EQ(take(queue, 1), 2);
  EXPECT_TRUE(queue.idle());
}

TEST_F(HookQueueTest, WithoutAnIntervalEveryImprovementIsTold) {
  HookQueue queue({});
  for (int i = 1; i <= 5; ++i) queue.offer(event("improvement", i));
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(take(queue, 0), i);
  EXPECT_EQ(queue.left_out(), 0);
}

TEST_F(HookQueueTest, WithAnIntervalTheLatestImprovementWins) {
  HookQueue queue({seconds(10), 0});
  queue.offer(event("improvement", 1));
  EXPECT_EQ(take(queue, 0), 1);
  queue.offer(event("improvement", 2));
  queue.offer(event("stall", 3));
  queue.offer(event("improvement", 4));
  EXPECT_EQ(take(queue, 1), 3);  // others pass
  EXPECT_EQ(take(queue, 9), -1);
  EXPECT_EQ(queue.next_time(at(9)), at(10));
  EXPECT_EQ(take(queue, 10), 4);
  EXPECT_EQ(queue.left_out(), 1);
  EXPECT_TRUE(queue.idle());
}

TEST_F(HookQueueTest, TheEndOfTheRunLiftsTheInterval) {
  HookQueue queue({seconds(100), 3});
  queue.offer(event("improvement", 1));
  EXPECT_EQ(take(queue, 0), 1);
  queue.offer(event("improvement", 2));
  EXPECT_EQ(take(queue, 1), -1);
  queue.offer(event("end", 3));
  EXPECT_EQ(take(queue, 1), 2);
  queue.hurry();
  ASSERT_EQ(queue.take(at(1))->seq, 3);
  EXPECT_FALSE(queue.failed(at(1), true));
  EXPECT_TRUE(queue.idle());
}

TEST_F(HookQueueTest, AFailureIsTriedAgainAfterAPauseThatDoubles) {
  HookQueue queue({seconds(0), 2});
  queue.offer(event("start", 1));
  queue.offer(event("end", 2));
  ASSERT_EQ(queue.take(at(0))->seq, 1);
  EXPECT_TRUE(queue.failed(at(0), true));
  EXPECT_FALSE(queue.take(at(0)));
  EXPECT_EQ(queue.next_time(at(0)), at(1));
  ASSERT_EQ(queue.take(at(1))->seq, 1);
  EXPECT_TRUE(queue.failed(at(1), true));
  EXPECT_EQ(queue.next_time(at(1)), at(3));
  ASSERT_EQ(queue.take(at(3))->seq, 1);
  EXPECT_FALSE(queue.failed(at(3), true));  // given up
  EXPECT_EQ(take(queue, 3), 2);
}

TEST_F(HookQueueTest, WhatNoRetryCanMendIsGivenUpAtOnce) {
  HookQueue queue({seconds(0), 5});
  queue.offer(event("start", 1));
  queue.take(at(0));
  EXPECT_FALSE(queue.failed(at(0), false));
  EXPECT_TRUE(queue.idle());
}

TEST_F(HookQueueTest, AnImprovementThatIsRetriedStays) {
  HookQueue queue({seconds(10), 1});
  queue.offer(event("improvement", 1));
  queue.take(at(0));
  EXPECT_TRUE(queue.failed(at(0), true));
  queue.offer(event("improvement", 2));
  EXPECT_EQ(take(queue, 1), 1);
  EXPECT_EQ(take(queue, 2), -1);
  EXPECT_EQ(take(queue, 11), 2);
}

TEST_F(HookQueueTest, AFullQueueLeavesOutImprovementsFirst) {
  HookQueue queue({});
  queue.offer(event("start", 0));
  queue.offer(event("improvement", 1));
  for (std::size_t i = 2; i < HookQueue::kMostWaiting + 2; ++i) {
    queue.offer(event("notice", static_cast<std::int64_t>(i)));
  }
  EXPECT_EQ(queue.waiting(), HookQueue::kMostWaiting);
  EXPECT_EQ(queue.left_out(), 2);
  EXPECT_EQ(take(queue, 0), 2);  // the improvement went first, then the oldest
}

}  // namespace
}  // namespace genesis::hooks
