#include "genesis/process/cgroup.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "genesis/process/spawn.h"

namespace genesis::process {
namespace {

namespace fs = std::filesystem;

TEST(Cgroups, CanBeSwitchedOff) {
  ::setenv("GENESIS_CGROUP", "off", 1);
  const CgroupSupport support = find_cgroups();
  ::unsetenv("GENESIS_CGROUP");
  EXPECT_FALSE(support.any());
  EXPECT_EQ(support.reason, "GENESIS_CGROUP=off");
}

class CgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    support_ = find_cgroups();
    if (!support_.any()) GTEST_SKIP() << support_.reason;
  }
  CgroupSupport support_;
};

TEST_F(CgroupTest, HoldsEndsAndRemoves) {
  auto run = CgroupRun::open(support_);
  ASSERT_TRUE(run) << run.error().message;
  const std::vector<std::string> folders = (*run)->folders();
  auto slot = (*run)->slot(0);
  ASSERT_TRUE(slot) << slot.error().message;
  ASSERT_TRUE((*slot)->prepare(std::nullopt, std::nullopt));
  EXPECT_TRUE((*slot)->empty());
  for (const SpawnMethod method : {SpawnMethod::clone3, SpawnMethod::legacy_clone}) {
    SpawnSpec spec;
    spec.method = method;
    spec.executable = "/bin/sleep";
    spec.argv = {"sleep", "1000"};
    spec.cgroup_fd = (*slot)->unified_fd();
    auto child = spawn(spec);
    ASSERT_TRUE(child) << child.error().message;
    EXPECT_FALSE((*slot)->empty());
    (*slot)->kill_all();
    int status = 0;
    ::waitpid(child->pid, &status, 0);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    while (!(*slot)->empty()) ::sched_yield();
  }
  run->reset();
  for (const std::string& folder : folders) EXPECT_FALSE(fs::exists(folder)) << folder;
}

TEST_F(CgroupTest, TheNextJobOfAKilledSlotLives) {
  auto run = CgroupRun::open(support_);
  ASSERT_TRUE(run);
  for (int round = 0; round < 3; ++round) {
    auto slot = (*run)->slot_for_next(0);
    ASSERT_TRUE(slot) << slot.error().message;
    SpawnSpec spec;
    spec.executable = "/bin/true";
    spec.argv = {"true"};
    spec.cgroup_fd = (*slot)->unified_fd();
    auto child = spawn(spec);
    ASSERT_TRUE(child) << child.error().message;
    int status = 0;
    ::waitpid(child->pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status)) << "round " << round << ", signal " << WTERMSIG(status);
    (*slot)->kill_all();
  }
  EXPECT_EQ((*run)->slot(0).value(), (*run)->slot(0).value());
}

TEST_F(CgroupTest, SweepsTheGroupsOfDeadRunners) {
  const std::string stale = support_.unified + "/genesis-4194000-1-0";
  ASSERT_EQ(::mkdir(stale.c_str(), 0755), 0);
  ASSERT_EQ(::mkdir((stale + "/slot-0").c_str(), 0755), 0);
  auto run = CgroupRun::open(support_);
  ASSERT_TRUE(run);
  EXPECT_FALSE(fs::exists(stale));
  EXPECT_TRUE(fs::exists((*run)->folders()[0]));
}

}  // namespace
}  // namespace genesis::process
