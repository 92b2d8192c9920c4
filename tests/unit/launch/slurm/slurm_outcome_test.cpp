#include "launch/slurm/slurm_outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::launch::slurm {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

ExitRecord record(int code) {
  ExitRecord made;
  made.code = code;
  made.oom = 0;
  return made;
}

JobReport report(const char* state, int code = 0, int signal = 0) {
  JobReport made;
  made.state_name = state;
  made.state = job_state_from(state);
  made.exit_code = code;
  made.signal = signal;
  made.node = "n7";
  return made;
}

JobOutcome judge(std::optional<ExitRecord> said, std::optional<JobReport> state,
                 std::optional<JobOutcomeKind> ended_as = std::nullopt) {
  EndFacts facts;
  facts.record = std::move(said);
  facts.report = std::move(state);
  facts.ended_as = ended_as;
  Limits limits;
  limits.wall_time = 60s;
  limits.memory_bytes = 1u << 30;
  return outcome_of(facts, limits);
}

TEST(SlurmOutcome, AnExitIsTheJobsOwnWhateverSlurmCallsIt) {
  EXPECT_EQ(judge(record(0), std::nullopt).kind, JobOutcomeKind::exited);
  EXPECT_EQ(judge(record(3), report("FAILED", 3)).exit_code, 3);
  EXPECT_EQ(judge(record(139), std::nullopt).signal, 11);
  EXPECT_EQ(judge(record(0), report("NODE_FAIL")).kind, JobOutcomeKind::exited)
      << "it had ended well before";
}

TEST(SlurmOutcome, SignalsThatMayBeSlurmsAreExplainedByItsState) {
  EXPECT_TRUE(needs_explanation(record(137)));
  EXPECT_TRUE(needs_explanation(record(143)));
  EXPECT_FALSE(needs_explanation(record(139)));
  EXPECT_EQ(judge(record(143), report("TIMEOUT")).kind, JobOutcomeKind::timeout);
  EXPECT_EQ(judge(record(137), report("OUT_OF_MEMORY")).kind, JobOutcomeKind::out_of_memory);
  EXPECT_EQ(judge(record(143), report("PREEMPTED")).kind, JobOutcomeKind::lost);
  EXPECT_EQ(judge(record(143), report("CANCELLED by 7")).kind, JobOutcomeKind::lost);
  EXPECT_THAT(judge(record(143), report("CANCELLED by 7")).detail, HasSubstr("by 7"));
  EXPECT_EQ(judge(record(137), report("FAILED", 137)).kind, JobOutcomeKind::signalled);
  EXPECT_THAT(judge(record(137), std::nullopt).detail, HasSubstr("nobody says why"));
}

TEST(SlurmOutcome, WhatTheClusterDidIsNeverTheCandidates) {
  for (const char* state : {"NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE", "CANCELLED"}) {
    const JobOutcome outcome = judge(std::nullopt, report(state));
    EXPECT_TRUE(is_infrastructure_failure(outcome.kind)) << state;
    EXPECT_FALSE(outcome.detail.empty()) << state;
  }
  const JobOutcome launch = judge(std::nullopt, report("FAILED", 0, 9));
  EXPECT_EQ(launch.kind, JobOutcomeKind::lost) << "0:9 says nothing of who or why";
  EXPECT_THAT(launch.detail, HasSubstr("n7"));
  const JobOutcome unwritable = judge(std::nullopt, report("FAILED", 0, 53));
  EXPECT_EQ(unwritable.kind, JobOutcomeKind::backend_error);
  EXPECT_THAT(unwritable.detail, HasSubstr("share"));
  const JobOutcome full = judge(std::nullopt, report("FAILED", 125, 0));
  EXPECT_EQ(full.kind, JobOutcomeKind::backend_error);
  EXPECT_THAT(full.detail, HasSubstr("disk full"));
  EXPECT_EQ(judge(std::nullopt, report("COMPLETED")).kind, JobOutcomeKind::lost)
      << "without a record nobody knows";
  EXPECT_EQ(judge(std::nullopt, std::nullopt).kind, JobOutcomeKind::lost);
}

TEST(SlurmOutcome, LimitsCountAsWhatTheyAre) {
  EXPECT_EQ(judge(std::nullopt, report("TIMEOUT")).kind, JobOutcomeKind::timeout);
  EXPECT_EQ(judge(std::nullopt, report("OUT_OF_MEMORY")).kind, JobOutcomeKind::out_of_memory);
  ExitRecord late = record(143);
  late.timed_out = true;
  const JobOutcome timeout = judge(late, std::nullopt, JobOutcomeKind::cancelled);
  EXPECT_EQ(timeout.kind, JobOutcomeKind::timeout) << "that came first";
  EXPECT_GE(timeout.wall, 60s);
  ExitRecord fat = record(1);
  fat.oom = 2;
  EXPECT_EQ(judge(fat, std::nullopt).kind, JobOutcomeKind::out_of_memory);
  EXPECT_EQ(judge(record(143), report("CANCELLED"), JobOutcomeKind::cancelled).kind,
            JobOutcomeKind::cancelled);
}

TEST(SlurmOutcome, WhoeverWasToldToEndIsNotToBlame) {
  for (const int code : {143, 1, 0}) {
    ExitRecord stopped = record(code);
    stopped.stopped = true;
    EXPECT_TRUE(needs_explanation(stopped));
    const JobOutcome nobody = judge(stopped, std::nullopt);
    EXPECT_EQ(nobody.kind, JobOutcomeKind::lost);
    EXPECT_THAT(nobody.detail, HasSubstr("TERM"));
    EXPECT_THAT(judge(stopped, report("PENDING")).detail, HasSubstr("back into the queue"));
    EXPECT_THAT(judge(stopped, report("CANCELLED by ann")).detail, HasSubstr("ann"));
    EXPECT_EQ(judge(stopped, report("FAILED")).kind, JobOutcomeKind::lost);
    EXPECT_EQ(judge(stopped, report("TIMEOUT")).kind, JobOutcomeKind::timeout);
  }
  EXPECT_EQ(judge(record(143), report("PENDING")).kind, JobOutcomeKind::lost);
  EXPECT_EQ(judge(record(143), report("FAILED")).kind, JobOutcomeKind::signalled)
      << "its own doing: its script was not told";
}

TEST(SlurmOutcome, WhatFailsBeforeTheCommandIsTheBackends) {
  EndFacts facts;
  facts.setup_failure = "loading the modules failed on the node: no cuda/99";
  const JobOutcome outcome = outcome_of(facts, Limits());
  EXPECT_EQ(outcome.kind, JobOutcomeKind::backend_error);
  EXPECT_THAT(outcome.detail, HasSubstr("cuda/99"));
}

}  // namespace
}  // namespace genesis::launch::slurm
