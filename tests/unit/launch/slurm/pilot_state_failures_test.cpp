// What is refused, lost, silent, left by an earlier runner, and how it ends.
#include "pilot_state_case.h"

namespace genesis::launch::slurm {
namespace {

TEST_F(Pilots, RefusedForEverIsToldToWhatWaits) {
  state->add("a", 10s, now);
  step();
  CommandFailure failure;
  failure.kind = FailureKind::refused;
  failure.text = "sbatch: invalid partition";
  state->not_submitted("m1", failure, now);
  step();
  ASSERT_THAT(ends, SizeIs(1));
  EXPECT_EQ(ends[0].kind, JobOutcomeKind::backend_error);
  EXPECT_EQ(ends[0].detail, "sbatch: invalid partition");
  EXPECT_EQ(state->pilots(), 0u);
}

TEST_F(Pilots, RefusedForNowIsTriedAgain) {
  state->add("a", 10s, now);
  step();
  CommandFailure failure;
  failure.kind = FailureKind::busy;
  failure.text = "sbatch: MaxSubmitJobs";
  state->not_submitted("m1", failure, now);
  step();
  EXPECT_THAT(ends, IsEmpty());
  EXPECT_EQ(capacities.back().reason, "sbatch: MaxSubmitJobs");
  step(1s);
  EXPECT_THAT(requests, ElementsAre("m2"));
}

TEST_F(Pilots, AfterThreeAllocationsThatCameToNothingGrowthStopsAndSaysWhy) {
  state->add("a", 10s, now);
  step();
  for (int round = 1; round <= 3; ++round) {
    const std::string mark = fmt::format("m{}", round);
    ASSERT_THAT(requests, ElementsAre(mark)) << round;
    state->submitted(mark, std::to_string(round), now);
    step(300ms);
    queue({row(std::to_string(round), mark, JobState::node_fail, 0ms, "NodeDown")});
    if (round < 3) {
      EXPECT_THAT(ends, IsEmpty()) << round;
      step(1s * round);
    }
  }
  ASSERT_THAT(ends, SizeIs(1));
  EXPECT_THAT(ends[0].detail,
              HasSubstr("allocation 3 ended before a worker stood on it: NodeDown"));
  EXPECT_EQ(capacities.back().slots, 0);
  EXPECT_THAT(capacities.back().reason, HasSubstr("NodeDown"));
  EXPECT_THAT(requests, IsEmpty());
  state->add("b", 10s, now);
  step(2s);
  ASSERT_THAT(ends, SizeIs(1)) << "still nothing to run it";
  step(3s);
  EXPECT_EQ(capacities.back().slots, 1) << "another try";
}

TEST_F(Pilots, ANodeWithoutWorkersIsGivenUpAndItsAllocationToo) {
  state->add("a", 10s, now);
  step();
  state->submitted("m1", "1", now);
  step(300ms);
  queue({row("1", "m1", JobState::running)});
  state->nodes_seen("m1", {"n1"});
  step();
  for (int round = 1; round <= 3; ++round) {
    ASSERT_THAT(starts, SizeIs(1)) << round;
    state->worker_ended({"m1", "n1"}, "genesis: no such file", now);
    step();
    state->steps_seen("m1", std::vector<StepRow>{}, now);
    step();
    if (round < 3) step(500ms * round);
  }
  EXPECT_THAT(cancelled, ElementsAre("1"));
  EXPECT_THAT(capacities.back().reason, HasSubstr("no such file"));
}

TEST_F(Pilots, AReasonToWaitForEverIsGivenTenSecondsToGoAway) {
  state->add("a", 10s, now);
  step();
  state->submitted("m1", "1", now);
  step(300ms);
  queue({row("1", "m1", JobState::waiting, 0ms, "PartitionTimeLimit")});
  step(9s);
  queue({row("1", "m1", JobState::waiting, 0ms, "PartitionTimeLimit")});
  EXPECT_THAT(ends, IsEmpty());
  step(1s);
  state->queue_seen({row("1", "m1", JobState::waiting, 0ms, "PartitionTimeLimit")}, now, now);
  step();
  EXPECT_THAT(cancelled, ElementsAre("1"));
  ASSERT_THAT(ends, SizeIs(1));
  EXPECT_EQ(ends[0].kind, JobOutcomeKind::backend_error);
}

TEST_F(Pilots, AControllerThatDoesNotAnswerEndsNothingAndGetsNothing) {
  restart_with(2, 1, 1, 2);
  state->add("a", 10s, now);
  step();
  stand("m1", "1", {"n1"});
  state->unreachable("squeue: timed out", "12:00", now);
  state->add("b", 10s, now);
  step();
  EXPECT_THAT(requests, IsEmpty());
  EXPECT_EQ(capacities.back().slots, 2) << "what stands goes on";
  EXPECT_THAT(capacities.back().reason, HasSubstr("does not answer since 12:00"));
  end("a");
  step();
  EXPECT_THAT(sent, ElementsAre("b@m1n1"));
  EXPECT_THAT(collected, IsEmpty());
}

TEST_F(Pilots, AnAnswerThatWasLostIsLookedForByName) {
  state->add("a", 10s, now);
  step();
  CommandFailure failure;
  failure.kind = FailureKind::unreachable;
  state->not_submitted("m1", failure, now);
  step(300ms);
  EXPECT_THAT(requests, IsEmpty());
  queue({row("7", "m1", JobState::running)});
  state->nodes_seen("m1", {"n1"});
  step();
  ASSERT_THAT(starts, SizeIs(1));
  EXPECT_EQ(starts[0].id, "7");
}

TEST_F(Pilots, WhatSlurmNeverTookIsAskedForAgain) {
  state->add("a", 10s, now);
  step();
  CommandFailure failure;
  failure.kind = FailureKind::unreachable;
  state->not_submitted("m1", failure, now);
  step(300ms);
  queue({});
  EXPECT_THAT(requests, IsEmpty()) << "it may be taken a moment later";
  step(3s);
  queue({});
  step(1s);
  queue({});
  step(1s);
  EXPECT_THAT(requests, ElementsAre("m2"));
  EXPECT_THAT(forgotten, IsEmpty());
}

TEST_F(Pilots, APilotOfAnEarlierRunnerIsAdoptedWhenItsWorkerHasGone) {
  policy.grace = 5s;
  restart({"e1"});
  EXPECT_EQ(questions, 1);
  state->add_earlier("old");
  state->add("new", 10s, now);
  step();
  EXPECT_THAT(requests, IsEmpty()) << "it may be there";
  queue({row("3", "e1", JobState::running)});
  state->nodes_seen("e1", {"n1"});
  step();
  EXPECT_THAT(step_questions, ElementsAre("e1"));
  state->steps_seen("e1", std::vector<StepRow>{{"0", "genesis-worker", "n1"}}, now);
  step();
  EXPECT_THAT(old_steps, IsEmpty()) << "what it runs gets the grace to end";
  EXPECT_THAT(collected, IsEmpty());
  step(5s);
  state->steps_seen("e1", std::vector<StepRow>{{"0", "genesis-worker", "n1"}}, now);
  step();
  EXPECT_THAT(old_steps, ElementsAre("3.0"));
  state->steps_seen("e1", std::vector<StepRow>{}, now);
  step();
  ASSERT_THAT(collected, SizeIs(1));
  EXPECT_EQ(collected[0].token, "old");
  EXPECT_THAT(starts, SizeIs(1));
  state->worker_ready({"e1", "n1"}, now);
  step();
  EXPECT_THAT(sent, ElementsAre("new@e1n1"));
}

TEST_F(Pilots, APilotThatNoLongerIsHoldsNothingUp) {
  restart({"e1"});
  state->add_earlier("old");
  step(4s);
  queue({});
  EXPECT_THAT(collected, IsEmpty());
  step(1s);
  queue({});
  ASSERT_THAT(collected, SizeIs(1));
  EXPECT_THAT(forgotten, ElementsAre("e1"));
}

TEST_F(Pilots, WithoutAnEarlierPilotNothingCanRunAnyMore) {
  state->add_earlier("old");
  state->cancel("old");
  step();
  ASSERT_THAT(collected, SizeIs(1));
  EXPECT_TRUE(collected[0].cancelled);
}

TEST_F(Pilots, WhatNobodyKnowsAndCarriesTheRunsNameIsCancelled) {
  step(policy.claim_time);
  EXPECT_EQ(questions, 1);
  queue({row("8", "stray", JobState::running), row("9", "old", JobState::completed)});
  EXPECT_THAT(cancelled, ElementsAre("8"));
}

TEST_F(Pilots, ClosingEndsAllAllocationsWhenTheirJobsHaveEnded) {
  restart_with(2, 1, 1, 2);
  state->add("a", 10s, now);
  step();
  stand("m1", "1", {"n1"});
  state->add("b", 10s, now);
  step();
  EXPECT_THAT(requests, ElementsAre("m2"));
  state->cancel("a");
  state->cancel("b");
  state->close();
  step();
  EXPECT_THAT(byes, IsEmpty());
  end("a");
  step();
  EXPECT_THAT(byes, ElementsAre("n1"));
  EXPECT_THAT(cancelled, ElementsAre("1"));
  state->submitted("m2", "2", now);
  step();
  EXPECT_THAT(cancelled, ElementsAre("2")) << "sbatch was faster";
  state->worker_ended({"m1", "n1"}, "", now);
  step(300ms);
  queue({row("1", "m1", JobState::cancelled), row("2", "m2", JobState::cancelled)});
  state->steps_seen("m1", std::nullopt, now);
  step();
  EXPECT_EQ(state->pilots(), 0u);
}

TEST_F(Pilots, ACancelThatDidNotArriveIsSentAgain) {
  state->add("a", 10s, now);
  step();
  stand("m1", "1", {"n1"});
  end("a");
  state->close();
  step();
  EXPECT_THAT(cancelled, ElementsAre("1"));
  state->cancel_failed({"1"});
  step();
  EXPECT_THAT(cancelled, ElementsAre("1"));
  step(4s);
  EXPECT_THAT(cancelled, IsEmpty());
  step(1s);
  EXPECT_THAT(cancelled, ElementsAre("1"));
}

}  // namespace
}  // namespace genesis::launch::slurm
