#include "genesis/events/event_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::events {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names(const std::vector<Event>& events) {
  std::vector<std::string> names;
  for (const Event& event : events) names.emplace_back(name_of(event));
  return names;
}

RunStatus status(std::int64_t generation, milliseconds elapsed = milliseconds(0),
                 std::int64_t target = 1000) {
  RunStatus status;
  status.generation = generation;
  status.evaluations = generation + 1;
  status.target_generations = target;
  status.elapsed = elapsed;
  return status;
}

Improvement improvement(std::int64_t generation, double score) {
  Improvement found;
  found.generation = generation;
  found.score = score;
  return found;
}

EventSource make(EventSettings settings = {}, Limits limits = {}, Memory memory = {}) {
  return EventSource(settings, limits, 100, std::move(memory));
}

TEST(EventSourceTest, AnImprovementKnowsTheOneBefore) {
  EventSource source = make();
  const auto first = source.improvement(improvement(0, 1.0), seconds(1));
  ASSERT_THAT(names(first), ElementsAre("improvement"));
  EXPECT_FALSE(std::get<Improvement>(first[0].body).previous_best);
  const auto second = source.improvement(improvement(4, 2.0), seconds(2));
  ASSERT_THAT(names(second), ElementsAre("improvement"));
  EXPECT_EQ(std::get<Improvement>(second[0].body).previous_best, 1.0);
  EXPECT_EQ(second[0].elapsed, seconds(2));
}

TEST(EventSourceTest, AnImprovementIsToldOnce) {
  EventSource source = make();
  EXPECT_THAT(source.improvement(improvement(4, 1.0), {}), testing::SizeIs(1));
  EXPECT_THAT(source.improvement(improvement(4, 1.0), {}), IsEmpty());
  EXPECT_THAT(source.improvement(improvement(3, 0.5), {}), IsEmpty());
}

TEST(EventSourceTest, AStallIsToldOnceAndEndsWithTheNextImprovement) {
  EventSource source = make();
  source.improvement(improvement(10, 1.0), seconds(1));
  EXPECT_THAT(source.progress(status(209)), IsEmpty());
  const auto stall = source.progress(status(210, seconds(61)));
  ASSERT_THAT(names(stall), ElementsAre("stall"));
  const Stall& told = std::get<Stall>(stall[0].body);
  EXPECT_EQ(told.best_generation, 10);
  EXPECT_EQ(told.best_score, 1.0);
  EXPECT_EQ(told.generations_without_improvement, 200);
  EXPECT_EQ(told.seconds_without_improvement, 60);
  EXPECT_THAT(source.progress(status(400)), IsEmpty());
  const auto end = source.improvement(improvement(401, 2.0), seconds(101));
  ASSERT_THAT(names(end), ElementsAre("improvement", "stall_end"));
  EXPECT_EQ(std::get<StallEnd>(end[1].body).generations_without_improvement, 391);
  EXPECT_EQ(std::get<StallEnd>(end[1].body).seconds_without_improvement, 100);
  EXPECT_THAT(source.improvement(improvement(402, 3.0), seconds(101)), testing::SizeIs(1));
}

TEST(EventSourceTest, ShortRunsDoNotStallAtOnce) {
  EventSource source = make();
  source.improvement(improvement(0, 1.0), {});
  EXPECT_THAT(source.progress(status(19, {}, 30)), IsEmpty());
  EXPECT_THAT(names(source.progress(status(20, {}, 30))), ElementsAre("stall"));
}

TEST(EventSourceTest, TimeAloneIsAStallAfterSomeGenerations) {
  EventSource source = make();
  source.improvement(improvement(0, 1.0), minutes(1));
  EXPECT_THAT(source.progress(status(9, minutes(60))), IsEmpty());
  EXPECT_THAT(source.progress(status(10, minutes(30))), IsEmpty());
  EXPECT_THAT(names(source.progress(status(10, minutes(31)))), ElementsAre("stall"));
}

TEST(EventSourceTest, StallsAreSetAndSwitchedOff) {
  EventSettings settings;
  settings.stall_generations = 3;
  settings.stall_time = milliseconds(0);
  EventSource by_generations = make(settings);
  by_generations.improvement(improvement(0, 1.0), {});
  EXPECT_THAT(by_generations.progress(status(2, minutes(999))), IsEmpty());
  EXPECT_THAT(names(by_generations.progress(status(3))), ElementsAre("stall"));

  settings.stall_generations = 0;
  settings.stall_time = seconds(5);
  EventSource by_time = make(settings);
  by_time.improvement(improvement(0, 1.0), {});
  EXPECT_THAT(by_time.progress(status(700, seconds(4))), IsEmpty());
  EXPECT_THAT(names(by_time.progress(status(700, seconds(5)))), ElementsAre("stall"));

  settings.stall_time = milliseconds(0);
  EventSource never = make(settings);
  never.improvement(improvement(0, 1.0), {});
  EXPECT_THAT(never.progress(status(700, minutes(999))), IsEmpty());
}

TEST(EventSourceTest, WithoutACorrectProgramNothingStalls) {
  EventSource source = make();
  EXPECT_THAT(source.progress(status(500, minutes(300))), IsEmpty());
}

TEST(EventSourceTest, ABestThatIsNotCommittedYetIsNoStall) {
  EventSource source = make();
  source.improvement(improvement(0, 1.0), {});
  RunStatus now = status(300);
  now.has_best = true;
  now.best_generation = 299;
  EXPECT_THAT(source.progress(now), IsEmpty());
}

TEST(EventSourceTest, EachLimitIsToldOnce) {
  Limits limits;
  limits.evaluations = 100;
  limits.wall_time = seconds(100);
  EventSource source = make({}, limits);
  EXPECT_THAT(source.progress(status(78, seconds(79))), IsEmpty());
  const auto evaluations = source.progress(status(79, seconds(79)));
  ASSERT_THAT(names(evaluations), ElementsAre("limit"));
  EXPECT_EQ(std::get<Limit>(evaluations[0].body).limit, "evaluations");
  EXPECT_EQ(std::get<Limit>(evaluations[0].body).used, 80);
  const auto time = source.progress(status(80, seconds(80)));
  ASSERT_THAT(names(time), ElementsAre("limit"));
  EXPECT_EQ(std::get<Limit>(time[0].body).limit, "wall_time");
  EXPECT_EQ(std::get<Limit>(time[0].body).allowed, 100);
  EXPECT_THAT(source.progress(status(99, seconds(99))), IsEmpty());
}

TEST(EventSourceTest, AnExtendedRunIsToldAgain) {
  EventSource source = make();
  EXPECT_THAT(names(source.progress(status(80, {}, 100))), ElementsAre("limit"));
  EXPECT_THAT(source.progress(status(90, {}, 200)), IsEmpty());
  EXPECT_THAT(names(source.progress(status(160, {}, 200))), ElementsAre("limit"));
}

TEST(EventSourceTest, AShareOfOneIsNever) {
  EventSettings settings;
  settings.limit_share = 1;
  EventSource source = make(settings);
  EXPECT_THAT(source.progress(status(1000)), IsEmpty());
}

TEST(EventSourceTest, LowSpaceIsToldOncePerFolderUntilThereIsMore) {
  EventSource source = make();  // twice 100
  EXPECT_THAT(source.space("a", 200, {}), IsEmpty());
  const auto low = source.space("a", 199, seconds(3));
  ASSERT_THAT(names(low), ElementsAre("disk_low"));
  EXPECT_EQ(std::get<DiskLow>(low[0].body).threshold_bytes, 200u);
  EXPECT_THAT(source.space("a", 150, {}), IsEmpty());
  EXPECT_THAT(source.space("a", 249, {}), IsEmpty());
  EXPECT_THAT(source.space("a", 150, {}), IsEmpty());
  EXPECT_THAT(names(source.space("b", 150, {})), ElementsAre("disk_low"));
  EXPECT_THAT(source.space("a", 250, {}), IsEmpty());
  EXPECT_THAT(names(source.space("a", 150, {})), ElementsAre("disk_low"));
}

TEST(EventSourceTest, PausesAreToldByCauseAndEndTogether) {
  EventSource source = make();
  EXPECT_THAT(source.go_on(seconds(1)), IsEmpty());
  EXPECT_THAT(names(source.pause(PauseCause::disk, "full", seconds(1))), ElementsAre("pause"));
  EXPECT_THAT(source.pause(PauseCause::disk, "fuller", seconds(2)), IsEmpty());
  EXPECT_THAT(names(source.pause(PauseCause::store, "no", seconds(3))), ElementsAre("pause"));
  const auto on = source.go_on(seconds(5));
  ASSERT_THAT(names(on), ElementsAre("go_on"));
  EXPECT_EQ(std::get<GoOn>(on[0].body).paused_seconds, 4);
  EXPECT_THAT(names(source.pause(PauseCause::disk, "full", seconds(6))), ElementsAre("pause"));
}

TEST(EventSourceTest, TheEndComesAfterWhatWasNotToldYet) {
  EventSource source = make();
  RunStatus last = status(100, seconds(2), 100);
  last.has_best = true;
  last.best_score = 3;
  last.best_generation = 7;
  last.outcomes = {{"ok", 101}};
  source.improvement(improvement(7, 3), {});
  const auto events = source.end(last, StopReason::generations, "");
  ASSERT_THAT(names(events), ElementsAre("stall", "limit", "end"));
  const End& end = std::get<End>(events[2].body);
  EXPECT_EQ(end.best_score, 3);
  EXPECT_EQ(end.best_generation, 7);
  EXPECT_EQ(end.evaluations, 101);
}

TEST(EventSourceTest, AResumedRunRepeatsNothing) {
  EventSource before = make();
  Memory memory;
  std::int64_t seq = 0;
  const auto write = [&](const std::vector<Event>& events, const std::string& run) {
    for (const Event& event : events)
      EXPECT_TRUE(memory.take(to_line(event, {++seq, 0, run}), "r"));
  };
  write(before.improvement(improvement(5, 2.0), milliseconds(1500)), "r");
  write(before.progress(status(300, seconds(9), 300)), "r");
  EXPECT_EQ(memory.last_seq, 3);
  EXPECT_EQ(memory.last_improvement, 5);
  EXPECT_EQ(memory.best_score, 2.0);
  EXPECT_EQ(memory.improved_at, milliseconds(1500));
  EXPECT_TRUE(memory.stalled);
  EventSource after = make({}, {}, memory);
  EXPECT_THAT(after.progress(status(300, seconds(9), 300)), IsEmpty());
  EXPECT_THAT(after.improvement(improvement(5, 2.0), {}), IsEmpty());
  EXPECT_THAT(names(after.improvement(improvement(301, 2.5), seconds(10))),
              ElementsAre("improvement", "stall_end"));
}

TEST(EventSourceTest, LinesOfAnEarlierRunOnlyCount) {
  Memory memory;
  EXPECT_TRUE(memory.take(to_line({improvement(5, 2.0), {}}, {41, 0, "other"}), "r"));
  EXPECT_EQ(memory.last_seq, 41);
  EXPECT_EQ(memory.last_improvement, -1);
}

TEST(EventSourceTest, DamagedLinesAreNoEvents) {
  Memory memory;
  for (const char* line : {"", "{", "null", "{}", R"({"event":3})"}) {
    EXPECT_FALSE(memory.take(line, "r")) << line;
  }
  EXPECT_TRUE(memory.take(
      R"({"event":"improvement","run_id":"r","seq":"x","generation":[],"elapsed_s":1e300})", "r"));
  EXPECT_TRUE(memory.take(R"({"event":"improvement","run_id":"r","seq":1e300})", "r"));
  EXPECT_EQ(memory.last_seq, 0);
}

}  // namespace
}  // namespace genesis::events
