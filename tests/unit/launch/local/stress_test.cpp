// Many short jobs of all kinds: each ends exactly once, and nothing of them is left in this process
// or on the machine.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>

#include "genesis/process/proc_fs.h"
#include "tests/unit/launch/local/launcher_fixture.h"

namespace genesis::launch {
namespace {

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
}

class StressTest : public LocalLauncherFixture, public ::testing::WithParamInterface<bool> {};

TEST_P(StressTest, TwoHundredJobsLeaveNothingBehind) {
  constexpr int kJobs = 200;
  const boost::asio::steady_timer first(io);  // Makes the loop open what it needs for itself.
  const std::size_t before = open_descriptors();
  const std::vector<pid_t> children = process::children_of(::getpid());
  LocalOptions options;
  options.use_cgroups = GetParam();
  open(4, options);
  for (int i = 0; i < kJobs; ++i) {
    const std::string token = fmt::format("t{}", i);
    JobSpec spec = shell(token, "exit 0");
    if (i % 10 == 3) spec.argv = {"/no/such/program"};
    if (i % 10 == 5) spec = shell(token, "kill -9 $$");
    if (i % 10 == 7) spec = shell(token, "exec sleep 1000");
    if (i % 20 == 7) spec.limits.wall_time = std::chrono::milliseconds{20};
    launcher->submit(spec);
    if (i % 20 == 17) launcher->cancel(token);
  }
  ASSERT_TRUE(run_until([&] { return finished.size() == kJobs; }, std::chrono::seconds{100}));
  for (const auto& [token, text] : order) {
    EXPECT_TRUE(text == "ASF" || text == "F") << token << " " << text;
  }
  close();
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(process::children_of(::getpid()), children) << "a child or zombie was left";
}

INSTANTIATE_TEST_SUITE_P(Everywhere, StressTest, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Cgroup" : "Family"; });

}  // namespace
}  // namespace genesis::launch
