#include "genesis/hooks/hook_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace genesis::hooks {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::map<std::string, std::string, std::less<>> values() {
  events::Announcement event;
  event.event = "improvement";
  event.seq = 7;
  event.line = R"({"event":"improvement","generation":12,"score":2.5})";
  event.generation = 12;
  event.score = 2.5;
  return placeholders(event, {"run1", "/runs/a b", "circle \"packing\""});
}

TEST(HookTextTest, PlaceholdersAreReplaced) {
  EXPECT_EQ(fill("{event}: {generation} {score} in {run_dir} of {task}{reason}", values()),
            "improvement: 12 2.5 in /runs/a b of circle \"packing\"");
  EXPECT_EQ(fill("{text}", values()), "improvement: gen 12: 2.5");
  EXPECT_EQ(fill("{json}", values()), values()["json"]);
}

TEST(HookTextTest, OtherBracesStay) {
  EXPECT_EQ(fill(R"({"a": {"b": {}}} {{score}} { event } {)", values()),
            R"({"a": {"b": {}}} {2.5} { event } {)");
}

TEST(HookTextTest, InsideJsonValuesAreEscaped) {
  const std::string body =
      fill_json(R"({"text": "{task}: {text}", "score": {score}, "event": {json}})", values());
  const auto parsed = nlohmann::json::parse(body);
  EXPECT_EQ(parsed["text"], "circle \"packing\": improvement: gen 12: 2.5");
  EXPECT_EQ(parsed["score"], 2.5);
  EXPECT_EQ(parsed["event"]["generation"], 12);
}

TEST(HookTextTest, WhatAnEventDoesNotHaveIsEmpty) {
  events::Announcement start;
  start.event = "start";
  EXPECT_EQ(fill("[{generation}{score}{reason}]", placeholders(start, {})), "[]");
}

TEST(HookTextTest, UnknownPlaceholdersAreRefusedWithTheNearest) {
  EXPECT_TRUE(check_template(R"(plain {event} {"json": 1} {})"));
  const Status wrong = check_template("echo {genration}");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("did you mean 'generation'?"));
}

TEST(HookTextTest, TheEnvironmentHasTheSame) {
  const auto environment = event_environment("slack", values());
  EXPECT_THAT(environment, Contains("GENESIS_HOOK=slack"));
  EXPECT_THAT(environment, Contains("GENESIS_EVENT=improvement"));
  EXPECT_THAT(environment, Contains("GENESIS_RUN_DIR=/runs/a b"));
  EXPECT_THAT(environment, Contains("GENESIS_SCORE=2.5"));
  EXPECT_THAT(environment, Contains("GENESIS_REASON="));
}

}  // namespace
}  // namespace genesis::hooks
