#include "launch/job.h"

#include <gtest/gtest.h>

#include <csignal>

namespace genesis::launch {
namespace {

TEST(AttemptFolder, IsShortForTheFirstStageAndRepeat) {
  EXPECT_EQ(attempt_folder({.evaluation = 12, .stage = 0, .repeat = 0, .attempt = 1}),
            "evaluations/12/attempt_1");
}

TEST(AttemptFolder, NamesStageAndRepeatTogether) {
  EXPECT_EQ(attempt_folder({.evaluation = 12, .stage = 0, .repeat = 3, .attempt = 1}),
            "evaluations/12/s0_r3_attempt_1");
  EXPECT_EQ(attempt_folder({.evaluation = 7, .stage = 2, .repeat = 0, .attempt = 4}),
            "evaluations/7/s2_r0_attempt_4");
}

TEST(JobOutcomeKindNames, ReadBack) {
  using enum JobOutcomeKind;
  for (const auto kind :
       {exited, signalled, timeout, out_of_memory, cancelled, lost, backend_error}) {
    EXPECT_EQ(job_outcome_from(to_string(kind)), kind) << to_string(kind);
  }
  EXPECT_EQ(job_outcome_from("Exited"), std::nullopt);
  EXPECT_EQ(job_outcome_from(""), std::nullopt);
}

TEST(JobOutcomeKindNames, OnlyLostAndBackendErrorAreInfrastructure) {
  using enum JobOutcomeKind;
  EXPECT_TRUE(is_infrastructure_failure(lost));
  EXPECT_TRUE(is_infrastructure_failure(backend_error));
  for (const auto kind : {exited, signalled, timeout, out_of_memory, cancelled}) {
    EXPECT_FALSE(is_infrastructure_failure(kind)) << to_string(kind);
  }
}

TEST(DescribeOutcome, SaysWhatHappenedAndWhy) {
  JobOutcome outcome;
  outcome.kind = JobOutcomeKind::exited;
  outcome.exit_code = 3;
  EXPECT_EQ(describe(outcome), "exited with 3");
  outcome.kind = JobOutcomeKind::signalled;
  outcome.signal = SIGSEGV;
  EXPECT_EQ(describe(outcome), "killed by SIGSEGV");
  outcome.signal = SIGRTMIN + 5;
  EXPECT_EQ(describe(outcome), "killed by signal " + std::to_string(SIGRTMIN + 5));
  outcome.kind = JobOutcomeKind::timeout;
  outcome.wall = std::chrono::seconds{10};
  EXPECT_EQ(describe(outcome), "timed out after 10.0 s");
  outcome.kind = JobOutcomeKind::lost;
  outcome.detail = "the node went away";
  EXPECT_EQ(describe(outcome), "lost: the node went away");
}

}  // namespace
}  // namespace genesis::launch
