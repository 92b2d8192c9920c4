// Lines of events.jsonl for people.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/events/event.h"

namespace genesis::events {
namespace {

std::string described(Body body) {
  const std::string line =
      to_line({std::move(body), std::chrono::milliseconds(0)}, {1, 1'700'000'000'000, "r"});
  return describe_event(line).value();
}

TEST(DescribeTest, EachEventReads) {
  Improvement improvement;
  improvement.generation = 12;
  improvement.score = 2.5;
  EXPECT_EQ(described(improvement), "improvement: gen 12: 2.5");
  improvement.previous_best = 2.25;
  improvement.summary = "literal 1 -> 2";
  EXPECT_EQ(described(improvement), "improvement: gen 12: 2.5 (+0.25)  literal 1 -> 2");
  Stall stall;
  stall.generations_without_improvement = 20;
  stall.seconds_without_improvement = 90;
  EXPECT_EQ(described(stall), "stall: no improvement for 20 generations and 1m30s");
  EXPECT_EQ(described(StallEnd{31, 20, 90}),
            "stall_end: gen 31 is better, after 20 generations and 1m30s");
  EXPECT_EQ(described(Limit{"generations", 80, 100}), "limit: 80% of generations: 80 of 100");
  EXPECT_EQ(described(Limit{"wall_time", 2880, 3600}), "limit: 80% of wall_time: 48m00s of 1h00m");
  EXPECT_THAT(described(DiskLow{"results/r", 400u << 20, 512u << 20}),
              testing::HasSubstr("free below 'results/r'"));
  EXPECT_EQ(described(Pause{PauseCause::inodes, "too few"}), "pause: inodes: too few");
  EXPECT_EQ(described(Notice{"hello"}), "notice: hello");
  End end;
  end.reason = StopReason::generations;
  end.generation = 5;
  EXPECT_EQ(described(end), "end: generations: 5 generations");
  end.best_score = 2;
  end.best_generation = 3;
  end.message = "why";
  EXPECT_EQ(described(end), "end: generations: 5 generations, best 2.0 (gen 3); why");
}

TEST(DescribeTest, AnEventOfALaterVersionIsShownAsItIs) {
  EXPECT_EQ(describe_event(R"({"v":2,"event":"teleport","seq":3,"to":"mars"})").value(),
            R"(teleport: {"to":"mars"})");
}

TEST(DescribeTest, MissingAndWrongFieldsAreNoCrash) {
  for (const std::string& name : event_names()) {
    EXPECT_TRUE(describe_line(R"({"event":")" + name + R"("})")) << name;
    EXPECT_TRUE(describe_line(R"({"event":")" + name +
                              R"(","generation":"x","score":[],"used":1e300,"allowed":-5,)"
                              R"("free_bytes":-1,"seconds_without_improvement":1e308})"))
        << name;
  }
}

TEST(DescribeTest, WhatIsNoEventIsRefused) {
  for (const char* line : {"", "{", "[]", "3", R"({"seq":1})", R"({"event":7})"}) {
    const auto text = describe_line(line);
    ASSERT_FALSE(text) << line;
    EXPECT_EQ(text.error().kind, ErrorKind::parse);
  }
}

TEST(DescribeTest, NothingMovesTheCursor) {
  EXPECT_EQ(described(Notice{"a\x1B[2Jb\nc"}), "notice: a [2Jb c");
}

}  // namespace
}  // namespace genesis::events
