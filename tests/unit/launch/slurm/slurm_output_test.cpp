// What SLURM 22.05 prints, recorded where a real one could be made to say it.
#include "launch/slurm/slurm_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::launch::slurm {
namespace {

using testing::HasSubstr;

constexpr const char* kJob =
    "JobId=12 JobName=genesis-0123456789ab-0123456789abcdef0123 UserId=root(0) GroupId=root(0) "
    "MCS_label=N/A Priority=4294901759 Nice=0 Account=(null) QOS=(null) JobState=FAILED "
    "Reason=NonZeroExitCode Dependency=(null) Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 "
    "ExitCode=4:0 RunTime=00:00:00 TimeLimit=01:00:00 NodeList=n1 BatchHost=n1 NumNodes=1 "
    "Command=/tmp/JobState=RUNNING x WorkDir=/tmp StdErr=/dev/null Power= \n";

TEST(SlurmOutput, StatesByName) {
  EXPECT_EQ(job_state_from("RUNNING"), JobState::running);
  EXPECT_EQ(job_state_from("CANCELLED by 1000"), JobState::cancelled);
  EXPECT_EQ(job_state_from("CANCELLED+"), JobState::cancelled);
  EXPECT_EQ(job_state_from("COMPLETING"), JobState::ending);
  EXPECT_EQ(job_state_from("A_NEW_ONE"), JobState::unknown);
  EXPECT_FALSE(has_ended(JobState::ending)) << "its processes are still there";
  EXPECT_FALSE(has_ended(JobState::unknown));
  EXPECT_TRUE(has_ended(job_state_from("DEADLINE")));
}

TEST(SlurmOutput, QueueRowsOfJobsAndArrayTasksWhateverOthersNameTheirs) {
  const auto rows = parse_queue(
      "squeue: a plugin of the site says hello\n"
      "7|PENDING|Resources|a|b|c\n"
      "8_12|RUNNING|None|genesis-x\n"
      "9|RUNNING|None\n"
      "|RUNNING|None|x\n"
      "x|RUNNING|None|x\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "a|b|c");
  EXPECT_EQ(rows[0].reason, "Resources");
  EXPECT_EQ(rows[1].id, "8_12");
  EXPECT_EQ(rows[1].state, JobState::running);
}

TEST(SlurmOutput, AJobAsScontrolDescribesIt) {
  const auto report = parse_scontrol_job(kJob, "12");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->state, JobState::failed) << "the first JobState, not what a path holds";
  EXPECT_EQ(report->exit_code, 4);
  EXPECT_EQ(report->signal, 0);
  EXPECT_EQ(report->node, "n1");
  EXPECT_EQ(report->seconds, 0);
  EXPECT_EQ(report->name, "genesis-0123456789ab-0123456789abcdef0123");
  EXPECT_FALSE(parse_scontrol_job(kJob, "13"));
}

TEST(SlurmOutput, OfAnArrayTheTaskThatIsMeant) {
  const std::string tasks =
      "JobId=63 ArrayJobId=63 ArrayTaskId=4 JobName=a JobState=RUNNING Reason=None ExitCode=0:0\n"
      "JobId=64 ArrayJobId=63 ArrayTaskId=1 JobName=a JobState=COMPLETED Reason=None "
      "ExitCode=0:9\n";
  EXPECT_EQ(parse_scontrol_job(tasks, "63_4")->state, JobState::running);
  EXPECT_EQ(parse_scontrol_job(tasks, "63_1")->signal, 9);
  EXPECT_FALSE(parse_scontrol_job(tasks, "63")) << "that means them all";
}

TEST(SlurmOutput, OfARequeuedJobSacctsLastLine) {
  const auto report = parse_sacct_job(
      "12|NODE_FAIL|0:0|n1|genesis-a\n12|CANCELLED by 1000|0:15|n2|genesis-a\n13|FAILED|1:0|n1|b\n",
      "12");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->state, JobState::cancelled);
  EXPECT_EQ(report->state_name, "CANCELLED by 1000");
  EXPECT_EQ(report->signal, 15);
  EXPECT_FALSE(parse_sacct_job("", "12"));
}

TEST(SlurmOutput, AJobsId) {
  EXPECT_EQ(parse_sbatch_id("12\n"), "12");
  EXPECT_EQ(parse_sbatch_id("sbatch: the site's quota is fine\n12;cluster\n"), "12");
  EXPECT_FALSE(parse_sbatch_id("Submitted batch job 12\n"));
  EXPECT_FALSE(is_job_id("12;rm"));
  EXPECT_TRUE(is_job_id("12_3"));
  EXPECT_FALSE(is_job_id("12_"));
}

TEST(SlurmOutput, FailuresToldApart) {
  const auto kind = [](const char* text) { return failure_kind(text); };
  EXPECT_EQ(kind("squeue: error: slurm_receive_msgs: Socket timed out on send/recv operation"),
            FailureKind::unreachable);
  EXPECT_EQ(kind("sbatch: error: Batch job submission failed: Unable to contact slurm controller "
                 "(connect failure)"),
            FailureKind::unreachable);
  EXPECT_EQ(kind("sbatch: error: Batch job submission failed: Invalid partition name specified"),
            FailureKind::refused);
  EXPECT_EQ(kind("sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission "
                 "failed: Job violates accounting/QOS policy (job submit limit, user's size and/or "
                 "time limits)"),
            FailureKind::busy);
  EXPECT_EQ(kind("sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying"),
            FailureKind::busy);
  EXPECT_EQ(kind("slurm_load_jobs error: Invalid job id specified"), FailureKind::unknown_job);
  EXPECT_EQ(kind("Slurm accounting storage is disabled"), FailureKind::no_accounting);
  EXPECT_THAT(
      refusal_advice("sbatch: error: invalid partition specified: x\nsbatch: error: Batch job "
                     "submission failed: Invalid partition name specified\n"),
      testing::HasSubstr("job_config.partition; `sinfo`"));
  EXPECT_EQ(refusal_advice("sbatch: error: something else"), "");
  EXPECT_EQ(failure_text("sbatch: error: a\nsbatch: error: Batch job submission failed: why\n"),
            "Batch job submission failed: why");
}

}  // namespace
}  // namespace genesis::launch::slurm
