#include <gtest/gtest.h>
#include <sys/wait.h>

#include "genesis/process/proc_fs.h"
#include "genesis/process/spawn.h"
#include "launch/staging.h"
#include "tests/unit/launch/local/launcher_fixture.h"

namespace genesis::launch {
namespace {

class ReattachTest : public LocalLauncherFixture {
 protected:
  /// A job that an earlier runner is said to have started as `pid`.
  Reattach earlier_job(pid_t pid, std::uint64_t start_ticks, const std::string& boot) {
    Reattach job;
    job.spec = shell("t1", "exit 0");
    EXPECT_TRUE(stage_job(job.spec));
    job.ref = JobRef{"local", "1 pid=" + std::to_string(pid) +
                                  " start=" + std::to_string(start_ticks) + " boot=" + boot};
    return job;
  }
  Reattach gone_job() { return earlier_job(::getpid(), 1, process::boot_id()); }
  void write_results(const JobSpec& spec) {
    ASSERT_TRUE(write_file(spec.work_dir / "results/metrics.json", "{}"));
    ASSERT_TRUE(write_file(spec.work_dir / "results/correct.json", "{}"));
  }
};

TEST_F(ReattachTest, CollectsWhatHadEndedWithCompleteResults) {
  open(1);
  const Reattach job = gone_job();
  write_results(job.spec);
  launcher->reattach(job);
  EXPECT_TRUE(finished.empty());
  EXPECT_EQ(outcome_of("t1").kind, JobOutcomeKind::exited);
  EXPECT_EQ(*finished["t1"].results.folder, job.spec.work_dir / "results");
}

TEST_F(ReattachTest, IncompleteResultsAreLost) {
  open(1);
  const Reattach job = gone_job();
  ASSERT_TRUE(write_file(job.spec.work_dir / "results/metrics.json", "{}"));
  launcher->reattach(job);
  EXPECT_EQ(outcome_of("t1").kind, JobOutcomeKind::lost);
}

TEST_F(ReattachTest, WhatTheGuardEndedIsLostEvenWithResults) {
  open(1);
  const Reattach job = gone_job();
  write_results(job.spec);
  ASSERT_TRUE(write_file(job.spec.work_dir / kEndedMarker, ""));
  launcher->reattach(job);
  EXPECT_EQ(outcome_of("t1").kind, JobOutcomeKind::lost);
}

TEST_F(ReattachTest, AnotherBootIsLost) {
  open(1);
  const Reattach job = earlier_job(::getpid(), 1, "another-boot");
  write_results(job.spec);
  launcher->reattach(job);
  EXPECT_EQ(outcome_of("t1").kind, JobOutcomeKind::lost);
}

TEST_F(ReattachTest, NeverAcceptedOrUnreadableIsLost) {
  open(1);
  Reattach job = gone_job();
  job.ref.reset();
  launcher->reattach(job);
  EXPECT_EQ(outcome_of("t1").kind, JobOutcomeKind::lost);
  for (const char* text : {"", "2 x", "1 pid=x start=1 boot=b", "1 pid=1"}) {
    finished.clear();
    job.ref = JobRef{"local", text};
    launcher->reattach(job);
    EXPECT_EQ(outcome_of("t1").kind, JobOutcomeKind::lost) << text;
  }
}

TEST_F(ReattachTest, WhatStillRunsIsEndedAndLost) {
  open(1);
  process::SpawnSpec orphan;
  orphan.executable = "/bin/sh";
  orphan.argv = {"sh", "-c", "trap '' TERM; while :; do sleep 1; done"};
  orphan.environment = {"GENESIS_ATTEMPT_TOKEN=t1", "PATH=/usr/bin:/bin"};
  auto child = process::spawn(orphan);
  ASSERT_TRUE(child) << child.error().message;
  const auto stat = process::read_stat(child->pid);
  ASSERT_TRUE(stat);
  const Reattach job = earlier_job(child->pid, stat->id.start_ticks, process::boot_id());
  write_results(job.spec);
  launcher->reattach(job);
  EXPECT_EQ(outcome_of("t1").kind, JobOutcomeKind::lost);
  EXPECT_TRUE(process::read_stat(child->pid)->is_zombie());
  ::waitpid(child->pid, nullptr, 0);
}

}  // namespace
}  // namespace genesis::launch
