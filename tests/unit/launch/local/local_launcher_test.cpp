#include "launch/local/local_launcher.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/unit/launch/local/launcher_fixture.h"

namespace genesis::launch {
namespace {

using std::chrono::milliseconds;

using LocalLauncherTest = LocalLauncherFixture;

TEST_F(LocalLauncherTest, RunsACommandAndReportsItsEnd) {
  open(2);
  JobSpec spec = shell("t1", "echo out; echo err >&2; cat sub/input.txt; exit 3");
  spec.inputs.push_back({"sub/input.txt", "given", std::nullopt});
  launcher->submit(spec);
  EXPECT_TRUE(finished.empty()) << "an event came from inside a call";
  const JobOutcome outcome = outcome_of("t1");
  EXPECT_EQ(outcome.kind, JobOutcomeKind::exited);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(order["t1"], "ASF");
  EXPECT_EQ(slots_announced, 2);
  EXPECT_EQ(log_of("t1"), "out\ngiven");
  EXPECT_EQ(read_file(folder.path() / "t1/results/job_log.err").value(), "err\n");
  EXPECT_EQ(refs["t1"].text.rfind("1 pid=", 0), 0u);
  ASSERT_TRUE(finished["t1"].results.folder);
  EXPECT_EQ(*finished["t1"].results.folder, folder.path() / "t1/results");
}

TEST_F(LocalLauncherTest, TellsSignalsApartFromExits) {
  open(1);
  launcher->submit(shell("t1", "kill -SEGV $$"));
  const JobOutcome outcome = outcome_of("t1");
  EXPECT_EQ(outcome.kind, JobOutcomeKind::signalled);
  EXPECT_EQ(outcome.signal, SIGSEGV);
}

TEST_F(LocalLauncherTest, EndsAJobAtItsTimeLimit) {
  open(1);
  JobSpec spec = shell("t1", "trap '' TERM; while :; do :; done");
  spec.limits.wall_time = milliseconds{100};
  spec.limits.kill_grace = milliseconds{100};
  launcher->submit(spec);
  const JobOutcome outcome = outcome_of("t1");
  EXPECT_EQ(outcome.kind, JobOutcomeKind::timeout);
  EXPECT_GE(outcome.wall, milliseconds{100});
  EXPECT_EQ(order["t1"], "ASF");
}

TEST_F(LocalLauncherTest, TheJobAfterOneThatHadToBeKilledRuns) {
  open(1);
  for (int round = 0; round < 2; ++round) {
    const std::string deaf = "deaf" + std::to_string(round);
    JobSpec spec = shell(deaf, "trap '' TERM; while :; do :; done");
    spec.limits.wall_time = milliseconds{50};
    spec.limits.kill_grace = milliseconds{50};
    launcher->submit(spec);
    const std::string after = "after" + std::to_string(round);
    launcher->submit(shell(after, "exit 4"));
    EXPECT_EQ(outcome_of(deaf).kind, JobOutcomeKind::timeout);
    EXPECT_EQ(describe(outcome_of(after)), "exited with 4");
  }
}

TEST_F(LocalLauncherTest, MissingEvaluatorIsAConfigurationErrorThatStaysTheSame) {
  open(1);
  for (const char* token : {"t1", "t2"}) {
    JobSpec spec = shell(token, "");
    spec.argv = {"no-such-evaluator-anywhere"};
    launcher->submit(spec);
    EXPECT_EQ(outcome_of(token).kind, JobOutcomeKind::backend_error);
  }
  EXPECT_NE(finished["t1"].outcome.detail.find("no-such-evaluator-anywhere"), std::string::npos);
  EXPECT_EQ(finished["t1"].outcome.detail, finished["t2"].outcome.detail);
  EXPECT_EQ(order["t1"], "F");
}

}  // namespace
}  // namespace genesis::launch
