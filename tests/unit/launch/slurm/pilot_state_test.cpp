#include "launch/slurm/pilot_state.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace genesis::launch::slurm {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// The state with hands to turn: what it wants is kept by kind until the next step.
class Pilots : public testing::Test {
 protected:
  Pilots() { restart({}); }

  void restart(const std::vector<std::string>& earlier) {
    policy.name_prefix = "genesis-run-";
    policy.new_mark = [this] { return fmt::format("m{}", ++marks); };
    state = std::make_unique<PilotState>(policy, now);
    for (const std::string& mark : earlier) state->know_pilot(mark, now);
    step();
  }
  void restart_with(int most_jobs, int slots, int nodes, int most_pilots) {
    policy.most_jobs = most_jobs;
    policy.slots = slots;
    policy.nodes = nodes;
    policy.most_pilots = most_pilots;
    restart({});
  }

  void step(std::chrono::milliseconds time = 0ms) {
    now += time;
    requests.clear();
    node_questions.clear();
    step_questions.clear();
    starts.clear();
    dropped.clear();
    byes.clear();
    old_steps.clear();
    cancelled.clear();
    forgotten.clear();
    sent.clear();
    cancels.clear();
    backs.clear();
    collected.clear();
    ends.clear();
    questions = 0;
    for (int round = 0; round < 5; ++round) {
      for (const PilotAction& action : state->decide(now)) keep(action);
    }
  }
  void keep(const PilotAction& action) {
    if (const auto* one = std::get_if<RequestPilot>(&action)) requests.push_back(one->mark);
    if (std::holds_alternative<AskPilots>(action)) ++questions;
    if (const auto* one = std::get_if<AskNodes>(&action)) node_questions.push_back(one->mark);
    if (const auto* one = std::get_if<AskSteps>(&action)) step_questions.push_back(one->mark);
    if (const auto* one = std::get_if<StartWorker>(&action)) starts.push_back(*one);
    if (const auto* one = std::get_if<DropWorker>(&action)) dropped.push_back(one->worker.node);
    if (const auto* one = std::get_if<SayBye>(&action)) byes.push_back(one->worker.node);
    if (const auto* one = std::get_if<CancelSteps>(&action)) {
      for (const std::string& step : one->steps) old_steps.push_back(one->id + "." + step);
    }
    if (const auto* one = std::get_if<CancelPilots>(&action)) {
      cancelled.insert(cancelled.end(), one->ids.begin(), one->ids.end());
    }
    if (const auto* one = std::get_if<ForgetPilot>(&action)) forgotten.push_back(one->mark);
    if (const auto* one = std::get_if<SendJob>(&action)) {
      sent.push_back(one->token + "@" + one->worker.pilot + one->worker.node);
    }
    if (const auto* one = std::get_if<SendCancel>(&action)) cancels.push_back(one->token);
    if (const auto* one = std::get_if<SendTakeBack>(&action)) backs.push_back(one->token);
    if (const auto* one = std::get_if<CollectJob>(&action)) collected.push_back(*one);
    if (const auto* one = std::get_if<EndJob>(&action)) ends.push_back(*one);
    if (const auto* one = std::get_if<PilotCapacity>(&action)) capacities.push_back(*one);
  }

  PilotRow row(const std::string& id, const std::string& mark, JobState job_state,
               std::chrono::milliseconds left = 1h, const std::string& reason = "None") {
    PilotRow made;
    made.id = id;
    made.name = "genesis-run-" + mark;
    made.state = job_state;
    made.reason = reason;
    if (job_state == JobState::running) {
      made.nodes = "n1";
      made.left = left;
    }
    return made;
  }
  /// squeue's answer to a question of this moment.
  void queue(const std::vector<PilotRow>& rows) {
    state->queue_seen(rows, now, now);
    step();
  }
  /// A pilot that stands with its nodes, and a worker on each.
  void stand(const std::string& mark, const std::string& id, const std::vector<std::string>& nodes,
             std::chrono::milliseconds left = 1h) {
    state->submitted(mark, id, now);
    step(300ms);
    queue({row(id, mark, JobState::running, left)});
    state->nodes_seen(mark, nodes);
    step();
    for (const std::string& node : nodes) state->worker_ready({mark, node}, now);
    step();
  }
  void end(const std::string& token, std::chrono::milliseconds wall = 10s) {
    state->ended(token, wall, now);
  }

  PilotPolicy policy;
  std::unique_ptr<PilotState> state;
  PilotState::Time now = PilotState::Time() + 1000s;
  int marks = 0;
  int questions = 0;
  std::vector<std::string> requests, node_questions, step_questions, dropped, byes, old_steps,
      cancelled, forgotten, sent, cancels, backs;
  std::vector<StartWorker> starts;
  std::vector<CollectJob> collected;
  std::vector<EndJob> ends;
  std::vector<PilotCapacity> capacities;
};

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
  end("long");
  step(21min);
  EXPECT_THAT(cancelled, ElementsAre("1")) << "it is of no use any more";
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
