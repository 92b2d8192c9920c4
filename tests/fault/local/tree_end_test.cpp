// A double-forked, setsid'ed grandchild that ignores TERM is gone within two seconds after timeout,
// cancel and kill -9 of the runner, with and without cgroups, and also when it forgot its
// environment.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tuple>

#include "genesis/process/cgroup.h"
#include "genesis/process/spawn.h"
#include "launch/environment.h"
#include "tests/fault/local/stubborn.h"
#include "tests/unit/launch/local/launcher_fixture.h"

namespace genesis::launch {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
constexpr milliseconds kGoneWithin{2000};

/// With cgroups?, with an emptied environment?
class TreeEndTest : public LocalLauncherFixture,
                    public ::testing::WithParamInterface<std::tuple<bool, bool>> {
 protected:
  void SetUp() override {
    if (with_cgroups() && !process::find_cgroups().any()) {
      GTEST_SKIP() << "no cgroup can be made here: " << process::find_cgroups().reason;
    }
  }
  bool with_cgroups() const { return std::get<0>(GetParam()); }
  bool forget_environment() const { return std::get<1>(GetParam()); }

  void open_here() {
    LocalOptions options;
    options.use_cgroups = with_cgroups();
    open(2, options);
  }
  fs::path pid_file() const { return folder.path() / "grandchild.pid"; }
  std::string stubborn() const {
    return leave_stubborn_grandchild(pid_file(), forget_environment());
  }

  pid_t wait_for_grandchild() {
    EXPECT_TRUE(run_until([&] { return fs::exists(pid_file()); }));
    return pid_in(pid_file());
  }
};

TEST_P(TreeEndTest, AfterATimeout) {
  open_here();
  JobSpec spec = shell("t1", stubborn() + "while :; do sleep 1; done");
  spec.limits.wall_time = milliseconds{1000};
  spec.limits.kill_grace = milliseconds{1500};
  launcher->submit(spec);
  const pid_t grandchild = wait_for_grandchild();
  const JobOutcome outcome = outcome_of("t1");
  EXPECT_EQ(outcome.kind, JobOutcomeKind::timeout);
  EXPECT_TRUE(is_gone(grandchild)) << "Finished came before the tree had ended";
  EXPECT_LT(outcome.wall, milliseconds{1000} + kGoneWithin);
}

TEST_P(TreeEndTest, AfterACancel) {
  open_here();
  JobSpec spec = shell("t1", stubborn() + "trap '' TERM; while :; do sleep 1; done");
  spec.limits.kill_grace = milliseconds{300};
  launcher->submit(spec);
  const pid_t grandchild = wait_for_grandchild();
  const auto cancelled = Clock::now();
  launcher->cancel("t1");
  EXPECT_EQ(outcome_of("t1").kind, JobOutcomeKind::cancelled);
  EXPECT_TRUE(is_gone(grandchild));
  EXPECT_LT(Clock::now() - cancelled, kGoneWithin);
}

TEST_P(TreeEndTest, AfterTheJobsOwnEnd) {
  open_here();
  launcher->submit(
      shell("t1", stubborn() + "while [ ! -e " + pid_file().string() + " ]; do :; done"));
  const JobOutcome outcome = outcome_of("t1");
  EXPECT_EQ(outcome.kind, JobOutcomeKind::exited);
  EXPECT_TRUE(is_gone(pid_in(pid_file())));
}

TEST_P(TreeEndTest, AtClose) {
  open_here();
  launcher->submit(shell("t1", stubborn() + "while :; do sleep 1; done"));
  const pid_t grandchild = wait_for_grandchild();
  close();
  EXPECT_EQ(finished["t1"].outcome.kind, JobOutcomeKind::cancelled);
  EXPECT_TRUE(is_gone(grandchild));
}

TEST_P(TreeEndTest, AfterKillingTheRunner) {
  process::SpawnSpec host;
  host.executable = GENESIS_BINARY_DIR "/bin/local_launcher_host";
  host.argv = {"local_launcher_host", folder.path().string(),
               stubborn() + "echo $$ > " + (folder.path() / "job.pid").string() +
                   "; while :; do sleep 1; done"};
  Environment environment = own_environment();
  if (!with_cgroups()) environment["GENESIS_CGROUP"] = "off";
  host.environment = to_entries(environment);
  host.stdout_path = (folder.path() / "host.log").string();
  auto runner = process::spawn(host);
  ASSERT_TRUE(runner) << runner.error().message;
  const pid_t grandchild = wait_for_grandchild();
  ASSERT_TRUE(run_until([&] { return pid_in(folder.path() / "job.pid") > 0; }));
  const pid_t leader = pid_in(folder.path() / "job.pid");

  const auto killed = Clock::now();
  ASSERT_EQ(::kill(runner->pid, SIGKILL), 0);
  ::waitpid(runner->pid, nullptr, 0);
  EXPECT_TRUE(wait_until([&] { return is_gone(grandchild) && is_gone(leader); }, kGoneWithin));
  EXPECT_LT(Clock::now() - killed, kGoneWithin);
  EXPECT_TRUE(
      wait_until([&] { return fs::exists(folder.path() / "job/.genesis_ended"); }, kGoneWithin))
      << "the guard must tell that it ended the job";
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<bool, bool>>& info) {
  return std::string(std::get<0>(info.param) ? "Cgroup" : "Family") +
         (std::get<1>(info.param) ? "EmptyEnvironment" : "");
}

INSTANTIATE_TEST_SUITE_P(Everywhere, TreeEndTest,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool()), name_of);

}  // namespace
}  // namespace genesis::launch
