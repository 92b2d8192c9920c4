#include "genesis/events/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/events/announcement.h"

namespace genesis::events {
namespace {

using nlohmann::json;

constexpr std::int64_t kTime = 1'700'000'000'123;

std::string line_of(Body body) {
  return to_line({std::move(body), std::chrono::milliseconds(1234)}, {7, kTime, "r1"});
}

TEST(EventTest, ALineIsTheEnvelopeAndTheEventsOwnFields) {
  Improvement improvement;
  improvement.generation = 12;
  improvement.score = 2.5;
  improvement.parent = 3;
  improvement.mutator = "literal";
  improvement.summary = "0.5 -> 0.52";
  improvement.evaluations = 13;
  improvement.recorded_millis = kTime;
  EXPECT_EQ(line_of(improvement),
            R"({"v":1,"seq":7,"time":"2023-11-14T22:13:20.123Z","elapsed_s":1.234,)"
            R"("event":"improvement","run_id":"r1","generation":12,"score":2.5,)"
            R"("previous_best":null,"parent":3,"mutator":"literal","summary":"0.5 -> 0.52",)"
            R"("evaluations":13,"recorded_at":"2023-11-14T22:13:20.123Z"})");
}

TEST(EventTest, EveryKindHasItsName) {
  const std::vector<Body> bodies{Start{},   Improvement{}, Stall{}, StallEnd{}, Limit{},
                                 DiskLow{}, Pause{},       GoOn{},  Notice{},   End{}};
  ASSERT_EQ(bodies.size(), event_names().size());
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    EXPECT_EQ(json::parse(line_of(bodies[i]))["event"], event_names()[i]);
    EXPECT_EQ(announce({bodies[i], {}}, {}).event, event_names()[i]);
  }
}

TEST(EventTest, ALineIsStrictJsonWhateverTheTextsHold) {
  Notice notice;
  notice.text = "torn \xC3 utf-8, \"quotes\", a\nline end, \x01 and " + std::string(5000, 'x');
  const std::string line = line_of(notice);
  EXPECT_EQ(line.find('\n'), line.npos);
  EXPECT_TRUE(is_valid_utf8(line));
  EXPECT_LT(line.size(), 2300u);
  EXPECT_THAT(json::parse(line)["text"].get<std::string>(), testing::EndsWith("x …"));
}

TEST(EventTest, ACutDoesNotSplitALetter) {
  Notice notice;
  for (int i = 0; i < 1500; ++i) notice.text += "é";
  const std::string text = json::parse(line_of(notice))["text"].get<std::string>();
  EXPECT_TRUE(is_valid_utf8(text));
  EXPECT_EQ(text.find("\xEF\xBF\xBD"), text.npos);
}

TEST(EventTest, NumbersThatAreNoneBecomeNull) {
  End end;
  end.best_score = std::nan("");
  EXPECT_TRUE(json::parse(line_of(end))["best_score"].is_null());
}

TEST(EventTest, SecretsAreNotWritten) {
  register_secret("hush-hush-4711");
  EXPECT_THAT(line_of(Notice{"the key is hush-hush-4711"}), testing::HasSubstr("[redacted]"));
}

TEST(EventTest, LimitsCarryTheirShare) {
  EXPECT_EQ(json::parse(line_of(Limit{"generations", 81, 100}))["share"], 0.81);
  EXPECT_EQ(json::parse(line_of(Limit{"generations", 0, 0}))["share"], 1.0);
}

TEST(EventTest, TimesBeforeTheEpochAreTimesToo) {
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
}

TEST(AnnouncementTest, CarriesWhatIsCommonlyAskedFor) {
  End end;
  end.reason = StopReason::patience;
  end.generation = 50;
  end.best_score = 2.25;
  const Announcement told = announce({end, {}}, {9, kTime, "r1"});
  EXPECT_EQ(told.seq, 9);
  EXPECT_EQ(told.reason, "patience");
  EXPECT_EQ(told.generation, 50);
  EXPECT_EQ(told.score, 2.25);
  EXPECT_EQ(json::parse(told.line)["event"], "end");
}

}  // namespace
}  // namespace genesis::events
