#include "launch/local/leases.h"

#include <gtest/gtest.h>

namespace genesis::launch {
namespace {

TEST(LeasePool, HandsOutLowestFirstAndTakesBack) {
  LeasePool pool({2, 0, 1});
  auto two = pool.take(2);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->members(), (std::vector<int>{0, 1}));
  EXPECT_FALSE(pool.take(2));
  {
    auto last = pool.take(1);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->members(), std::vector<int>{2});
    EXPECT_EQ(pool.free(), 0u);
  }
  EXPECT_EQ(pool.free(), 1u);
  two->release();
  two->release();
  EXPECT_EQ(pool.free(), 3u);
  EXPECT_EQ(pool.take(3)->members(), (std::vector<int>{0, 1, 2}));
}

TEST(LeasePool, MovesCarryTheRightAlong) {
  LeasePool pool({7});
  Lease target;
  {
    auto taken = pool.take(1);
    target = std::move(*taken);
  }
  EXPECT_EQ(pool.free(), 0u);
  EXPECT_EQ(target.members(), std::vector<int>{7});
  target = Lease();
  EXPECT_EQ(pool.free(), 1u);
  EXPECT_TRUE(pool.take(0));
}

}  // namespace
}  // namespace genesis::launch
