#include "launch/sandbox_server/sandbox_lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::sandbox_server {
namespace {

using testing::HasSubstr;

class LifecycleTest : public testing::Test {
 protected:
  SandboxRecord wanted(const std::string& id, const std::string& team = "a", int timeout = 300) {
    SandboxRecord record;
    record.id = id;
    record.team = team;
    record.timeout_s = timeout;
    return record;
  }
  void run(const std::string& id, const std::string& team = "a", int timeout = 300) {
    lifecycle.begin(wanted(id, team, timeout), now());
    lifecycle.started(id, 7, 8, now());
  }
  Moment now() const { return moment_of(clock); }

  ManualClock clock;
  SandboxLifecycle lifecycle{Capacity{3, 2}};
};

TEST_F(LifecycleTest, CountsWhatStartsAndEnds) {
  lifecycle.begin(wanted("s1"), now());
  EXPECT_EQ(lifecycle.admit("a", 1), Admission::team_full);
  EXPECT_EQ(lifecycle.admit("b", 1), Admission::admitted);
  run("s2", "b");
  lifecycle.ending("s2", EndCause::killed, "was killed", now());
  run("s3", "b");
  EXPECT_EQ(lifecycle.admit("c", 9), Admission::server_full);
  lifecycle.gone("s2", EndCause::killed, "", now());
  EXPECT_EQ(lifecycle.admit("c", 9), Admission::admitted);
}

TEST_F(LifecycleTest, ATimeoutBeginsWhenItRuns) {
  lifecycle.begin(wanted("s1", "a", 10), now());
  EXPECT_FALSE(lifecycle.next_deadline());
  clock.advance(Millis{5000});
  lifecycle.started("s1", 1, 2, now());
  EXPECT_EQ(lifecycle.find("s1")->end_ms, clock.unix_millis() + 10'000);
  clock.advance(Millis{9'999});
  EXPECT_TRUE(lifecycle.due(clock.steady()).empty());
  clock.advance(Millis{1});
  ASSERT_EQ(lifecycle.due(clock.steady()).size(), 1u);
  EXPECT_FALSE(lifecycle.due(clock.steady())[0].pause);
}

TEST_F(LifecycleTest, ExtendNeverShortensAndSetTimeoutMay) {
  run("s1", "a", 100);
  const auto end = lifecycle.find("s1")->end_ms;
  lifecycle.extend("s1", 50, now());
  EXPECT_EQ(lifecycle.find("s1")->end_ms, end);
  lifecycle.extend("s1", 150, now());
  EXPECT_EQ(lifecycle.find("s1")->end_ms, end + 50'000);
  ASSERT_TRUE(lifecycle.set_timeout("s1", 0, now()));
  EXPECT_EQ(lifecycle.due(clock.steady()).size(), 1u);
}

TEST_F(LifecycleTest, APausedOneHasNoDeadline) {
  run("s1", "a", 10);
  ASSERT_TRUE(lifecycle.paused("s1", now()));
  EXPECT_FALSE(lifecycle.next_deadline());
  const Status again = lifecycle.paused("s1", now());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_FALSE(lifecycle.set_timeout("s1", 5, now()));
  lifecycle.extend("s1", 1000, now());
  EXPECT_FALSE(lifecycle.next_deadline());
  lifecycle.resumed("s1", 20, now());
  EXPECT_EQ(lifecycle.find("s1")->end_ms, clock.unix_millis() + 20'000);
  EXPECT_TRUE(lifecycle.next_deadline());
}

TEST_F(LifecycleTest, OneThatPausesAtItsTimeoutIsDueToPause) {
  SandboxRecord record = wanted("s1", "a", 10);
  record.auto_pause = true;
  lifecycle.begin(record, now());
  lifecycle.started("s1", 1, 2, now());
  clock.advance(Millis{10'000});
  ASSERT_EQ(lifecycle.due(clock.steady()).size(), 1u);
  EXPECT_TRUE(lifecycle.due(clock.steady())[0].pause);
}

TEST_F(LifecycleTest, ANeverEndingOneHasNoDeadline) {
  SandboxRecord record = wanted("s1");
  record.never_timeout = true;
  lifecycle.begin(record, now());
  lifecycle.started("s1", 1, 2, now());
  EXPECT_FALSE(lifecycle.next_deadline());
}

TEST_F(LifecycleTest, TheFirstCauseOfAnEndCounts) {
  run("s1");
  EXPECT_TRUE(lifecycle.ending("s1", EndCause::timeout, "reached its timeout of 300 s", now()));
  EXPECT_FALSE(lifecycle.ending("s1", EndCause::killed, "was killed", now()));
  EXPECT_EQ(lifecycle.visible("a", "s1"), nullptr);
  EXPECT_FALSE(lifecycle.next_deadline());
  const Tombstone& tombstone = lifecycle.gone("s1", EndCause::timeout, "", now());
  EXPECT_THAT(tombstone.text(), HasSubstr("reached its timeout of 300 s at 2023-11-14T"));
  EXPECT_EQ(lifecycle.find("s1"), nullptr);
  EXPECT_EQ(lifecycle.ends().at(EndCause::timeout), 1u);
}

TEST_F(LifecycleTest, OnlySoManyTombstonesAreKept) {
  for (const char* const id : {"s1", "s2", "s3"}) {
    run(id);
    lifecycle.ending(id, EndCause::killed, "was killed", now());
    lifecycle.gone(id, EndCause::killed, "", now());
  }
  EXPECT_EQ(lifecycle.tombstone("s1"), nullptr);
  EXPECT_NE(lifecycle.tombstone("s3"), nullptr);
}

TEST_F(LifecycleTest, OthersSeeNothing) {
  run("s1", "a");
  EXPECT_NE(lifecycle.visible("a", "s1"), nullptr);
  EXPECT_EQ(lifecycle.visible("b", "s1"), nullptr);
  lifecycle.begin(wanted("s2"), now());
  EXPECT_EQ(lifecycle.visible("a", "s2"), nullptr);
}

TEST_F(LifecycleTest, AnAdoptedOneKeepsItsDeadline) {
  run("s1", "a", 100);
  const SandboxRecord stored = *lifecycle.find("s1");
  SandboxLifecycle next{Capacity{3, 2}};
  clock.advance(Millis{40'000});
  next.adopted(stored, now());
  EXPECT_EQ(*next.next_deadline(), clock.steady() + std::chrono::seconds{60});
  EXPECT_EQ(next.find("s1")->end_ms, stored.end_ms);
}

TEST_F(LifecycleTest, WhatDidNotWorkHasNotHappened) {
  run("s1", "a", 100);
  const SandboxRecord before = *lifecycle.find("s1");
  const auto deadline = lifecycle.next_deadline();
  ASSERT_TRUE(lifecycle.paused("s1", now()));
  lifecycle.restore(before);
  EXPECT_EQ(lifecycle.next_deadline(), deadline);
  EXPECT_EQ(lifecycle.find("s1")->state, SandboxState::running);
}

}  // namespace
}  // namespace genesis::sandbox_server
