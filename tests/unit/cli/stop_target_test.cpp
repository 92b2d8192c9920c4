#include "genesis/cli/stop_target.h"

#include <gtest/gtest.h>

namespace genesis::cli {
namespace {

TEST(StopTarget, ReachesWhatRuns) {
  StopTarget target;
  int stops = 0;
  target.attach([&stops] { ++stops; });
  EXPECT_FALSE(target.requested());
  target.request_stop();
  target.request_stop();
  EXPECT_EQ(stops, 2);
  EXPECT_TRUE(target.requested());
  target.detach();
  target.request_stop();
  EXPECT_EQ(stops, 2);
}

TEST(StopTarget, EarlierRequestsReachWhatComesLater) {
  StopTarget target;
  target.request_stop();
  target.request_stop();
  int stops = 0;
  target.attach([&stops] { ++stops; });
  EXPECT_EQ(stops, 2);
}

}  // namespace
}  // namespace genesis::cli
