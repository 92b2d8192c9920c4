#include "launch/slurm/job_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "launch/slurm/batch_script.h"

namespace genesis::launch::slurm {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The tracker with hands to turn: what it wants is kept by kind.
class Tracked : public testing::Test {
 protected:
  Tracked() { restart(2); }

  void restart(int most, int array_most = 1, bool arrays_wait = false) {
    TrackerPolicy policy;
    policy.array_most = array_most;
    policy.arrays_wait = arrays_wait;
    policy.most = most;
    policy.name_prefix = prefix;
    tracker = std::make_unique<JobTracker>(policy, now);
    step();
    queue({});  // The first look.
  }
  void step(std::chrono::milliseconds time = 0ms) {
    now += time;
    queries = 0;
    submits.clear();
    arrays.clear();
    asked.clear();
    cancelled.clear();
    looked.clear();
    ends.clear();
    for (int round = 0; round < 5; ++round) {
      for (const TrackerAction& action : tracker->decide(now)) keep(action);
    }
  }
  void keep(const TrackerAction& action) {
    if (const auto* submit = std::get_if<SubmitJob>(&action)) submits.push_back(submit->mark);
    if (const auto* array = std::get_if<SubmitArray>(&action)) arrays.push_back(*array);
    if (std::holds_alternative<AskQueue>(action)) ++queries;
    if (const auto* ask = std::get_if<AskJob>(&action)) asked.push_back(ask->id);
    if (const auto* look = std::get_if<LookAtFiles>(&action)) looked.push_back(look->mark);
    if (const auto* end = std::get_if<TellEnd>(&action)) ends.push_back(*end);
    if (const auto* capacity = std::get_if<TellCapacity>(&action)) capacities.push_back(*capacity);
    if (const auto* accepted = std::get_if<TellAccepted>(&action))
      ids[accepted->mark] = accepted->id;
    if (const auto* started = std::get_if<TellStarted>(&action)) ++starts[started->mark];
    if (const auto* cancel = std::get_if<CancelJobs>(&action)) {
      cancelled.insert(cancelled.end(), cancel->ids.begin(), cancel->ids.end());
    }
  }
  std::string mark(const std::string& token) { return attempt_mark(token); }
  QueueRow row(const std::string& id, const char* state, const std::string& token,
               const char* reason = "None") {
    QueueRow made;
    made.id = id;
    made.state = job_state_from(state);
    made.reason = reason;
    made.name = prefix + mark(token);
    return made;
  }
  JobReport report(const std::string& id, const char* state, const std::string& token) {
    JobReport made;
    made.id = id;
    made.state_name = state;
    made.state = job_state_from(state);
    made.name = prefix + mark(token);
    return made;
  }
  void queue(const std::vector<QueueRow>& rows) {
    tracker->queue_seen(rows, now, now);
    step();
  }
  /// Submitted under an id, and a second later.
  std::string submitted(const std::string& token, const std::string& id) {
    tracker->add(mark(token), "", now);
    step();
    EXPECT_EQ(submits, std::vector<std::string>{mark(token)});
    tracker->submitted(mark(token), id, now);
    step();
    now += 1s;
    return mark(token);
  }
  static EndFacts files(int code) {
    EndFacts facts;
    facts.record.emplace();
    facts.record->code = code;
    return facts;
  }

  const std::string prefix = job_name_prefix("run");
  JobTracker::Time now{1h};
  std::unique_ptr<JobTracker> tracker;
  int queries = 0;
  std::vector<std::string> submits, asked, cancelled, looked;
  std::vector<SubmitArray> arrays;
  std::vector<TellEnd> ends;
  std::vector<TellCapacity> capacities;
  std::map<std::string, std::string> ids;
  std::map<std::string, int> starts;
};

TEST_F(Tracked, AJobGoesFromSubmitToTheRecordOfItsEnd) {
  const std::string a = submitted("a", "1");
  EXPECT_EQ(ids[a], "1");
  tracker->began(a, now);
  step();
  EXPECT_EQ(starts[a], 1);
  tracker->ended(a, files(0), now);
  step();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_TRUE(asked.empty()) << "an exit needs no word of SLURM's";
  EXPECT_EQ(tracker->count(), 0u);
}

TEST_F(Tracked, WhatHasEndedHasBegun) {
  const std::string a = submitted("a", "1");
  tracker->ended(a, files(0), now);
  step();
  EXPECT_EQ(starts[a], 1);
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(Tracked, WhatEndsBeforeSbatchAnswersIsToldInOrder) {
  tracker->add(mark("a"), "", now);
  step();
  tracker->began(mark("a"), now);
  tracker->ended(mark("a"), files(0), now);
  step();
  EXPECT_TRUE(ends.empty());
  EXPECT_EQ(starts[mark("a")], 0);
  tracker->submitted(mark("a"), "1", now);
  step();
  EXPECT_EQ(ids[mark("a")], "1");
  EXPECT_EQ(starts[mark("a")], 1);
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(Tracked, NoMoreThanTheSlotsAreInSlurmWaitingOnesIncluded) {
  for (const char* token : {"a", "b", "c"}) tracker->add(mark(token), "", now);
  step();
  EXPECT_EQ(submits.size(), 2u);
  tracker->submitted(mark("a"), "1", now);
  step();
  EXPECT_TRUE(submits.empty());
  tracker->ended(mark("a"), files(0), now);
  step();
  EXPECT_EQ(ends.size(), 1u);
  EXPECT_EQ(submits, std::vector<std::string>{mark("c")});
}

TEST_F(Tracked, ASignalThatMayBeSlurmsIsExplainedFirst) {
  const std::string a = submitted("a", "1");
  tracker->ended(a, files(137), now);
  step();
  EXPECT_TRUE(ends.empty());
  EXPECT_EQ(asked, std::vector<std::string>{"1"});
  tracker->job_seen(a, report("1", "OUT_OF_MEMORY", "a"), now);
  step();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].facts.report->state, JobState::out_of_memory);
}

TEST_F(Tracked, AnExplanationIsNotWaitedForForEver) {
  const std::string a = submitted("a", "1");
  tracker->ended(a, files(137), now);
  step();
  tracker->job_seen(a, std::nullopt, now);
  step(5s);
  EXPECT_TRUE(ends.empty());
  tracker->job_seen(a, std::nullopt, now);
  step(6s);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].facts.record->code, 137);
}

TEST_F(Tracked, AbsentFromTheListIsNeitherRunningNorFinished) {
  const std::string a = submitted("a", "1");
  queue({});
  EXPECT_EQ(asked, std::vector<std::string>{"1"});
  EXPECT_TRUE(ends.empty());
  tracker->job_seen(a, std::nullopt, now);
  step(59s);
  EXPECT_TRUE(ends.empty());
  tracker->job_seen(a, std::nullopt, now);
  step(1s);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_THAT(ends[0].lost, HasSubstr("job 1"));
}

TEST_F(Tracked, AJobThatScontrolKnowsGoesOn) {
  const std::string a = submitted("a", "1");
  queue({});
  tracker->job_seen(a, std::nullopt, now);
  step(30s);
  tracker->job_seen(a, report("1", "RUNNING", "a"), now);
  step(10min);
  EXPECT_TRUE(ends.empty());
  EXPECT_EQ(starts[a], 1);
}

TEST_F(Tracked, AnIdOfAnotherJobIsNoneOfOurs) {
  const std::string a = submitted("a", "1");
  queue({});
  tracker->job_seen(a, report("1", "COMPLETED", "somebody else's"), now);
  step(61s);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_FALSE(ends[0].lost.empty());
}

TEST_F(Tracked, AFinishedJobsRecordIsWaitedForAndLookedFor) {
  const std::string a = submitted("a", "1");
  queue({row("1", "COMPLETED", "a")});
  EXPECT_EQ(looked, std::vector<std::string>{a});
  EXPECT_TRUE(asked.empty()) << "the record says more";
  step(500ms);
  EXPECT_EQ(asked, std::vector<std::string>{"1"});
  tracker->job_seen(a, report("1", "COMPLETED", "a"), now);
  step(1s);
  EXPECT_EQ(looked, std::vector<std::string>{a}) << "again and again";
  step(28s);
  EXPECT_TRUE(ends.empty()) << "an attribute cache may take that long";
  step(2s);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].facts.report->state, JobState::completed);
  EXPECT_FALSE(ends[0].facts.record);
}

TEST_F(Tracked, ANodesFailureIsToldSoon) {
  const std::string a = submitted("a", "1");
  queue({row("1", "NODE_FAIL", "a")});
  tracker->job_seen(a, report("1", "NODE_FAIL", "a"), now);
  step(3s);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].facts.report->state, JobState::node_fail);
}

TEST_F(Tracked, AControllerThatDoesNotAnswerStopsSubmissionsAndEndsNothing) {
  const std::string a = submitted("a", "1");
  capacities.clear();
  tracker->unreachable("no route", "12:00", now);
  tracker->add(mark("b"), "", now);
  step();
  ASSERT_EQ(capacities.size(), 1u);
  EXPECT_EQ(capacities[0].slots, 0);
  EXPECT_THAT(capacities[0].reason, HasSubstr("since 12:00"));
  int tries = 0;
  for (int second = 0; second < 600; ++second) {
    step(1s);
    EXPECT_TRUE(submits.empty() && ends.empty());
    tries += queries;
    if (queries > 0) tracker->unreachable("no route", "12:34", now);
  }
  EXPECT_GE(tries, 15);
  EXPECT_LE(tries, 30) << "the waits grow";
  EXPECT_EQ(capacities.size(), 1u) << "said once";
  // What ends meanwhile is told by its record.
  tracker->ended(a, files(0), now);
  step();
  EXPECT_EQ(ends.size(), 1u);
  queue({});
  EXPECT_EQ(capacities.back().slots, 2);
  EXPECT_EQ(submits, std::vector<std::string>{mark("b")});
}

TEST_F(Tracked, ASubmitLimitIsCapacityAndRisesAgain) {
  restart(4);
  const std::string a = submitted("a", "1");
  tracker->add(mark("b"), "", now);
  step();
  capacities.clear();
  tracker->not_submitted(mark("b"), {FailureKind::busy, "QOSMaxSubmitJobPerUserLimit"}, now);
  step();
  EXPECT_TRUE(ends.empty() && submits.empty());
  ASSERT_FALSE(capacities.empty());
  EXPECT_EQ(capacities[0].slots, 1);
  EXPECT_THAT(capacities[0].reason, HasSubstr("QOSMaxSubmit"));
  step(31s);
  EXPECT_EQ(submits, std::vector<std::string>{mark("b")}) << "one more is tried";
}

TEST_F(Tracked, ARefusalEndsTheJob) {
  tracker->add(mark("a"), "", now);
  step();
  tracker->not_submitted(mark("a"), {FailureKind::refused, "Invalid partition"}, now);
  step();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].facts.ended_as, JobOutcomeKind::backend_error);
  EXPECT_EQ(ends[0].failure, "Invalid partition");
}

TEST_F(Tracked, WhenSbatchsAnswerIsLostItsNameTells) {
  tracker->add(mark("a"), "", now);
  tracker->add(mark("b"), "", now);
  step();
  tracker->not_submitted(mark("a"), {FailureKind::unreachable, "timed out"}, now);
  tracker->not_submitted(mark("b"), {FailureKind::unreachable, "timed out"}, now);
  step(1s);
  EXPECT_TRUE(submits.empty());
  queue({row("7", "PENDING", "a")});
  EXPECT_EQ(ids[mark("a")], "7");
  EXPECT_TRUE(submits.empty()) << "one list may be too early";
  now += 3s;
  queue({row("7", "PENDING", "a")});
  EXPECT_EQ(submits, std::vector<std::string>{mark("b")});
}

TEST_F(Tracked, AnEarlierRunnersJobsAreAdoptedByNameOrLost) {
  tracker->add_earlier(mark("known"), "5", now);
  tracker->add_earlier(mark("unjournaled"), std::nullopt, now);
  tracker->add_earlier(mark("never"), std::nullopt, now);
  step(1s);
  const std::vector<QueueRow> rows{row("5", "RUNNING", "known"),
                                   row("6", "PENDING", "unjournaled")};
  queue(rows);
  EXPECT_EQ(ids[mark("known")], "5");
  EXPECT_EQ(ids[mark("unjournaled")], "6");
  EXPECT_EQ(starts[mark("known")], 1);
  now += 3s;
  queue(rows);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].mark, mark("never"));
  EXPECT_FALSE(ends[0].lost.empty());
}

TEST_F(Tracked, WhatNobodyAsksForIsCancelledAfterAWhile) {
  const std::vector<QueueRow> rows{row("8", "RUNNING", "stray"), row("9", "COMPLETED", "old")};
  restart(2);
  queue(rows);
  EXPECT_TRUE(cancelled.empty());
  tracker->add_earlier(mark("claimed"), "10", now);
  step(20s);
  queue({rows[0], rows[1], row("10", "RUNNING", "claimed")});
  step(11s);
  EXPECT_EQ(cancelled, std::vector<std::string>{"8"});
}

TEST_F(Tracked, CancelsGoInOneBatchAndAreConfirmed) {
  restart(8);
  submitted("a", "1");
  submitted("b", "2");
  tracker->add(mark("c"), "", now);
  step();
  tracker->cancel(mark("a"), JobOutcomeKind::cancelled, now);
  tracker->cancel(mark("b"), JobOutcomeKind::cancelled, now);
  tracker->cancel(mark("c"), JobOutcomeKind::cancelled, now);
  step();
  EXPECT_THAT(cancelled, testing::UnorderedElementsAre("1", "2"));
  EXPECT_TRUE(ends.empty()) << "their processes are still there";
  tracker->submitted(mark("c"), "3", now);
  step();
  EXPECT_EQ(cancelled, std::vector<std::string>{"3"}) << "as soon as its id is known";
  now += 1s;
  queue({row("1", "COMPLETING", "a"), row("2", "CANCELLED", "b"), row("3", "CANCELLED", "c")});
  EXPECT_EQ(ends.size(), 2u);
  EXPECT_EQ(ends[0].facts.ended_as, JobOutcomeKind::cancelled);
}

TEST_F(Tracked, AWaitForEverIsAnError) {
  submitted("a", "1");
  queue({row("1", "PENDING", "a", "PartitionTimeLimit")});
  step(11s);
  EXPECT_EQ(cancelled, std::vector<std::string>{"1"});
  queue({row("1", "CANCELLED", "a")});
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].facts.ended_as, JobOutcomeKind::backend_error);
  EXPECT_THAT(ends[0].failure, HasSubstr("PartitionTimeLimit"));
}

TEST_F(Tracked, WhenNothingChangesQuestionsBecomeRare) {
  submitted("a", "1");
  int asked_in_an_hour = 0;
  for (int second = 0; second < 3600; ++second) {
    step(1s);
    asked_in_an_hour += queries;
    if (queries > 0) tracker->queue_seen({row("1", "RUNNING", "a")}, now, now);
  }
  EXPECT_GE(asked_in_an_hour, 115);
  EXPECT_LE(asked_in_an_hour, 130);
}

TEST_F(Tracked, WhatBecomesReadyWithinTheWindowGoesAsOneArrayOfAKind) {
  restart(10, 500);
  for (const char* token : {"a", "b"}) tracker->add(mark(token), "small", now);
  step(500ms);
  tracker->add(mark("c"), "large", now);
  tracker->add(mark("d"), "small", now);
  step();
  EXPECT_TRUE(arrays.empty());
  step(999ms);
  EXPECT_TRUE(arrays.empty());
  step(1ms);
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_EQ(arrays[0].marks, (std::vector<std::string>{mark("a"), mark("b"), mark("d")}));
  tracker->array_submitted(arrays[0].group, "40", now);
  step(1s);
  EXPECT_EQ(ids[mark("d")], "40_2");
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_EQ(arrays[0].marks, std::vector<std::string>{mark("c")});
}

TEST_F(Tracked, AnArrayThatNothingCanBeAddedToGoesAtOnce) {
  restart(2, 500);
  for (const char* token : {"a", "b", "c"}) tracker->add(mark(token), "", now);
  step();
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_EQ(arrays[0].marks.size(), 2u);
}

TEST_F(Tracked, NoArrayGoesBeforeItIsKnownHowLargeOneMayBe) {
  restart(5, 500, true);
  for (const char* token : {"a", "b", "c", "d", "e"}) tracker->add(mark(token), "", now);
  step(5s);
  EXPECT_TRUE(arrays.empty());
  tracker->arrays_known(2);
  step(1s);
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[0].marks.size(), 2u);
  EXPECT_TRUE(submits.empty());
  restart(2, 500, true);
  tracker->add(mark("a"), "", now);
  tracker->arrays_known(0);
  step(1s);
  EXPECT_TRUE(arrays.empty());
  EXPECT_EQ(submits, std::vector<std::string>{mark("a")}) << "a cluster without arrays";
}

TEST_F(Tracked, WhenNothingCanRunEveryJobEndsWithTheReason) {
  restart(2);
  for (const char* token : {"a", "b", "c"}) tracker->add(mark(token), "", now);
  step();
  tracker->submitted(mark("a"), "1", now);
  tracker->submitted(mark("b"), "2", now);
  tracker->give_up("no folder", now);
  std::set<std::string> ended;
  const auto collect = [&] {
    for (const TellEnd& end : ends) {
      EXPECT_EQ(end.failure, "no folder");
      EXPECT_EQ(end.facts.ended_as, JobOutcomeKind::backend_error);
      ended.insert(end.mark);
    }
  };
  for (int second = 0; second < 4; ++second) {
    step(1s);
    collect();
    queue({row("1", "CANCELLED", "a"), row("2", "CANCELLED", "b")});
    collect();
  }
  EXPECT_EQ(ended, (std::set<std::string>{mark("a"), mark("b"), mark("c")}));
}

TEST_F(Tracked, TasksOfAnArrayAreToldApartByTheirPlace) {
  restart(2, 500);
  for (const char* token : {"a", "b"}) tracker->add(mark(token), "", now);
  step();
  ASSERT_EQ(arrays.size(), 1u);
  const std::string group = arrays[0].group;
  tracker->array_submitted(group, "40", now);
  step(1s);
  // Both rows carry the array's name.
  queue({row("40_0", "RUNNING", "a"), row("40_1", "NODE_FAIL", "a")});
  EXPECT_EQ(starts[mark("a")], 1);
  EXPECT_EQ(asked, std::vector<std::string>{"40_1"});
  JobReport said = report("40_1", "NODE_FAIL", "a");
  tracker->job_seen(mark("b"), said, now);
  step(3s);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].mark, mark("b"));
  tracker->cancel(mark("a"), JobOutcomeKind::cancelled, now);
  step();
  EXPECT_EQ(cancelled, std::vector<std::string>{"40_0"});
}

TEST_F(Tracked, AnArrayWhoseAnswerIsLostIsFoundByItsName) {
  restart(2, 500);
  for (const char* token : {"a", "b"}) tracker->add(mark(token), "", now);
  step();
  ASSERT_EQ(arrays.size(), 1u);
  tracker->array_not_submitted(arrays[0].group, {FailureKind::unreachable, "timed out"}, now);
  step(1s);
  queue({row("41_0", "PENDING", "a"), row("41_1", "PENDING", "a")});
  EXPECT_EQ(ids[mark("a")], "41_0");
  EXPECT_EQ(ids[mark("b")], "41_1");
}

TEST_F(Tracked, AnArrayOfAnEarlierRunnerIsAdoptedOrCancelled) {
  restart(4, 500);
  tracker->know_array(mark("a"), {mark("a"), mark("b")});
  tracker->add_earlier(mark("b"), std::nullopt, now);
  const std::vector<QueueRow> rows{row("42_0", "RUNNING", "a"), row("42_1", "RUNNING", "a")};
  step(1s);
  queue(rows);
  EXPECT_EQ(ids[mark("b")], "42_1");
  step(30s);
  EXPECT_EQ(cancelled, std::vector<std::string>{"42_0"});
}

TEST_F(Tracked, WhatIsPutBackIntoTheQueueIsLostAndCancelled) {
  tracker->add(mark("a"), "", now);
  step();
  tracker->submitted(mark("a"), "7", now);
  EndFacts told;
  told.record.emplace();
  told.record->stopped = true;
  tracker->ended(mark("a"), told, now);
  step();
  EXPECT_EQ(asked, std::vector<std::string>{"7"});
  EXPECT_TRUE(ends.empty()) << "SLURM knows why";
  tracker->job_seen(mark("a"), report("7", "PENDING", "a"), now);
  step();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].facts.report->state, JobState::waiting);
  EXPECT_EQ(cancelled, std::vector<std::string>{"7"});
}

TEST_F(Tracked, WhoCancelledAJobIsWaitedForALittle) {
  tracker->add(mark("a"), "", now);
  step();
  tracker->submitted(mark("a"), "7", now);
  EndFacts told;
  told.record.emplace();
  told.record->stopped = true;
  tracker->ended(mark("a"), told, now);
  step();
  JobReport said = report("7", "CANCELLED", "a");
  said.is_final = false;
  tracker->job_seen(mark("a"), said, now);
  step(1s);
  EXPECT_TRUE(ends.empty());
  EXPECT_EQ(asked, std::vector<std::string>{"7"});
  tracker->job_seen(mark("a"), report("7", "CANCELLED by 5", "a"), now);
  step();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].facts.report->state_name, "CANCELLED by 5");
}

TEST_F(Tracked, NothingIsConcludedWhileTheControllerIsAway) {
  for (const char* token : {"a", "b"}) {
    tracker->add(mark(token), "", now);
    step();
    tracker->submitted(mark(token), token == std::string("a") ? "7" : "8", now);
  }
  EndFacts killed;
  killed.record.emplace();
  killed.record->code = 137;
  tracker->ended(mark("a"), killed, now);
  tracker->job_seen(mark("b"), std::nullopt, now);
  for (int minute = 0; minute < 5; ++minute) {
    tracker->unreachable("timed out", "12:00", now);
    step(60s);
    EXPECT_TRUE(ends.empty());
  }
  queue({row("8", "RUNNING", "b")});
  step(1s);
  EXPECT_TRUE(ends.empty()) << "SLURM is asked first";
  tracker->job_seen(mark("a"), report("7", "OUT_OF_MEMORY", "a"), now);
  step();
  ASSERT_EQ(ends.size(), 1u);
}

TEST_F(Tracked, ARefusedArrayIsHalvedOrEndsItsJobs) {
  restart(8, 500);
  for (const char* token : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
    tracker->add(mark(token), "", now);
  }
  step();
  ASSERT_EQ(arrays.size(), 1u);
  tracker->array_not_submitted(arrays[0].group, {FailureKind::busy, "AssocMaxSubmitJobLimit"}, now);
  step(31s);
  step(1s);
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_LE(arrays[0].marks.size(), 4u);
  const std::size_t tried = arrays[0].marks.size();
  tracker->array_not_submitted(arrays[0].group, {FailureKind::refused, "Invalid account"}, now);
  step();
  EXPECT_EQ(ends.size(), tried);
  EXPECT_EQ(ends[0].failure, "Invalid account");
}

}  // namespace
}  // namespace genesis::launch::slurm
