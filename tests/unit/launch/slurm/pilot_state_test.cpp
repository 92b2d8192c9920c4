// Where jobs go, and which allocations they get.
#include "pilot_state_case.h"

namespace genesis::launch::slurm {
namespace {

TEST_F(Pilots, NothingIsAskedForBeforeSomethingWaits) {
  step(10s);
  EXPECT_THAT(requests, IsEmpty());
  EXPECT_EQ(questions, 0);
  ASSERT_THAT(capacities, SizeIs(1));
  EXPECT_EQ(capacities[0].slots, 1);
}

TEST_F(Pilots, AJobGoesToAWorkerOfAnAllocationThatStands) {
  state->add("a", 10s, now);
  step();
  EXPECT_THAT(requests, ElementsAre("m1"));
  state->submitted("m1", "12", now);
  step(300ms);
  EXPECT_EQ(questions, 1);
  queue({row("12", "m1", JobState::running)});
  EXPECT_THAT(node_questions, ElementsAre("m1"));
  state->nodes_seen("m1", {"n1"});
  step();
  ASSERT_THAT(starts, SizeIs(1));
  EXPECT_EQ(starts[0].id, "12");
  EXPECT_EQ(starts[0].worker.node, "n1");
  EXPECT_THAT(sent, IsEmpty()) << "before it says hello";
  state->worker_ready({"m1", "n1"}, now);
  step();
  EXPECT_THAT(sent, ElementsAre("a@m1n1"));
  EXPECT_TRUE(state->has_job({"m1", "n1"}, "a"));
  EXPECT_FALSE(state->has_job({"m1", "n2"}, "a"));
  EXPECT_FALSE(state->has_job({"m1", "n1"}, "b"));
  end("a");
  step();
  EXPECT_EQ(state->jobs(), 0u);
  EXPECT_THAT(requests, IsEmpty());
}

TEST_F(Pilots, AllWorkersTogetherHaveAsManySlotsAsJobsMayRun) {
  restart_with(5, 2, 2, 9);
  for (int i = 0; i < 9; ++i) state->add(fmt::format("j{}", i), 10s, now);
  step();
  EXPECT_THAT(requests, ElementsAre("m1", "m2")) << "four slots each, five jobs may run";
  state->submitted("m1", "1", now);
  state->submitted("m2", "2", now);
  step(300ms);
  queue({row("1", "m1", JobState::running), row("2", "m2", JobState::running)});
  state->nodes_seen("m1", {"n1", "n2"});
  state->nodes_seen("m2", {"n3", "n4"});
  step();
  ASSERT_THAT(starts, SizeIs(3));
  int slots = 0;
  for (const StartWorker& start : starts) slots += start.slots;
  EXPECT_EQ(slots, 5);
  for (const StartWorker& start : starts) state->worker_ready(start.worker, now);
  step();
  EXPECT_THAT(sent, SizeIs(5)) << "long jobs do not wait at a worker";
}

TEST_F(Pilots, ShortJobsWaitWhereTheNextSlotIsFree) {
  restart_with(2, 2, 1, 1);
  for (int i = 0; i < 9; ++i) state->add(fmt::format("j{}", i), 10s, now);
  step();
  stand("m1", "1", {"n1"});
  EXPECT_THAT(sent, SizeIs(2));
  end("j0", 5ms);
  end("j1", 5ms);
  step();
  EXPECT_THAT(sent, SizeIs(4)) << "two that run, two that are there when those end";
}

TEST_F(Pilots, NothingBeginsThatCannotEndBeforeTheWalltime) {
  restart_with(2, 2, 1, 2);
  state->add("long", 30min, now);
  step();
  stand("m1", "1", {"n1"}, 31min);
  EXPECT_THAT(sent, ElementsAre("long@m1n1"));
  state->add("longer", 31min, now);
  state->add("short", 10min, now);
  step();
  EXPECT_THAT(sent, ElementsAre("short@m1n1"));
  EXPECT_THAT(requests, ElementsAre("m2")) << "what does not fit goes elsewhere";
  end("short");
  step();
  EXPECT_THAT(cancelled, IsEmpty());
  end("long");
  step();
  EXPECT_THAT(cancelled, ElementsAre("1")) << "it is of no use to what waits";
}

TEST_F(Pilots, OneWhoseTimeIsNearlyOverIsEndedWhenItsJobsHave) {
  policy.idle = 2h;
  restart({});
  state->add("a", 10s, now);
  step();
  stand("m1", "1", {"n1"}, 10min);  // Since a moment ago.
  end("a");
  now += 10min - policy.end_margin - 1s;
  state->worker_heard({"m1", "n1"}, now);
  step();
  EXPECT_THAT(cancelled, IsEmpty());
  step(1s);
  EXPECT_THAT(cancelled, ElementsAre("1"));
}

TEST_F(Pilots, AnIdleAllocationIsEnded) {
  state->add("a", 10s, now);
  step();
  stand("m1", "1", {"n1"});
  end("a");
  now += policy.idle - 1s;
  state->worker_heard({"m1", "n1"}, now);
  step();
  EXPECT_THAT(byes, IsEmpty());
  EXPECT_TRUE(state->next_look(now) <= now + 1s);
  step(1s);
  EXPECT_THAT(byes, ElementsAre("n1"));
  EXPECT_THAT(cancelled, ElementsAre("1"));
  state->worker_ended({"m1", "n1"}, "bye", now);
  step(1s);
  queue({row("1", "m1", JobState::cancelled)});
  step();
  EXPECT_EQ(state->pilots(), 0u);
}

TEST_F(Pilots, OneThatStillWaitsIsEndedTooWhenNobodyNeedsIt) {
  state->add("a", 10s, now);
  step();
  state->submitted("m1", "1", now);
  step(300ms);
  queue({row("1", "m1", JobState::waiting, 0ms, "Priority")});
  EXPECT_THAT(capacities.back().reason,
              HasSubstr("allocation 1 waits in SLURM's queue (Priority)"));
  state->cancel("a");
  step();
  ASSERT_THAT(ends, SizeIs(1));
  EXPECT_EQ(ends[0].kind, JobOutcomeKind::cancelled);
  step(policy.idle + 1s);
  EXPECT_THAT(cancelled, ElementsAre("1"));
}

TEST_F(Pilots, AWorkerThatWentAwayIsReplacedWhenItsStepIsOver) {
  state->add("a", 10s, now);
  step();
  stand("m1", "1", {"n1"});
  state->started("a");
  state->worker_ended({"m1", "n1"}, "srun was killed by signal 9", now);
  step();
  EXPECT_THAT(step_questions, ElementsAre("m1"));
  EXPECT_THAT(starts, IsEmpty());
  state->steps_seen("m1", std::vector<StepRow>{{"0", "genesis-worker", "n1"}}, now);
  step();
  EXPECT_THAT(old_steps, ElementsAre("1.0"));
  EXPECT_THAT(collected, IsEmpty()) << "somebody may still write its record";
  step(300ms);
  EXPECT_THAT(step_questions, ElementsAre("m1"));
  state->steps_seen("m1", std::vector<StepRow>{{"1", "genesis-worker", "n2"}, {"2", "x", "n1"}},
                    now);
  step();
  ASSERT_THAT(collected, SizeIs(1));
  EXPECT_EQ(collected[0].token, "a");
  EXPECT_THAT(collected[0].why, HasSubstr("the worker on n1 went away: srun was killed"));
  EXPECT_FALSE(collected[0].cancelled);
  EXPECT_FALSE(state->has_job({"m1", "n1"}, "a"));
  state->add("b", 10s, now);
  step(1s);
  EXPECT_THAT(starts, SizeIs(1));
}

TEST_F(Pilots, ASilentWorkerIsOneThatWentAway) {
  state->add("a", 10s, now);
  step();
  stand("m1", "1", {"n1"});
  step(policy.lease - 1s);
  state->worker_heard({"m1", "n1"}, now);
  step(policy.lease - 1s);
  EXPECT_THAT(dropped, IsEmpty());
  step(1s);
  EXPECT_THAT(dropped, ElementsAre("n1"));
  EXPECT_THAT(step_questions, ElementsAre("m1"));
}

TEST_F(Pilots, WhatWasCancelledAndLeftNoRecordIsCancelled) {
  state->add("a", 10s, now);
  step();
  stand("m1", "1", {"n1"});
  state->cancel("a");
  state->cancel("a");
  step();
  EXPECT_THAT(cancels, ElementsAre("a"));
  state->worker_ended({"m1", "n1"}, "x", now);
  step();
  state->steps_seen("m1", std::vector<StepRow>{}, now);
  step();
  ASSERT_THAT(collected, SizeIs(1));
  EXPECT_TRUE(collected[0].cancelled);
}

TEST_F(Pilots, WhatHasNotStartedIsTakenBack) {
  restart_with(1, 1, 1, 1);
  state->add("a", 10s, now);
  step();
  stand("m1", "1", {"n1"});
  state->add("b", 10s, now);
  step();
  state->take_back("b");
  state->take_back("a");
  state->take_back("nobody");
  step();
  ASSERT_THAT(ends, SizeIs(1));
  EXPECT_EQ(ends[0].token, "b");
  EXPECT_THAT(backs, ElementsAre("a")) << "its worker knows better whether it has started";
  state->started("a");
  state->take_back("a");
  step();
  EXPECT_THAT(backs, IsEmpty());
}

TEST_F(Pilots, AnAllocationThatEndsTakesItsWorkersAlong) {
  state->add("a", std::nullopt, now);
  step();
  stand("m1", "1", {"n1"});
  EXPECT_THAT(sent, SizeIs(1)) << "without a limit it may run anywhere";
  state->worker_ended({"m1", "n1"}, "killed", now);
  step(300ms);
  EXPECT_EQ(questions, 1) << "perhaps all of it has ended";
  queue({row("1", "m1", JobState::timeout, 0ms, "TimeLimit")});
  ASSERT_THAT(collected, SizeIs(1));
  EXPECT_THAT(collected[0].why, HasSubstr("(allocation 1: TimeLimit)"));
  state->steps_seen("m1", std::nullopt, now);
  step();
  EXPECT_EQ(state->pilots(), 0u);
}

}  // namespace
}  // namespace genesis::launch::slurm
