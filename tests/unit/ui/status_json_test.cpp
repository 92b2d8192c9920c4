#include "genesis/ui/status_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace genesis {
namespace {

TEST(StatusJson, ReadsBackWhatItWrote) {
  RunStatus status;
  status.run_id = "0123";
  status.task = "circle_packing";
  status.state = "paused";
  status.notice = "disk \"full\"";
  status.generation = 5;
  status.has_best = true;
  status.best_score = 1.25;
  status.best_generation = 3;
  status.elapsed = std::chrono::milliseconds(1234);
  status.eta = std::chrono::milliseconds(99);
  status.outcomes = {{"ok", 4}, {"timeout", 2}};
  const auto back = status_from_json(status_to_json(status));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->run_id, "0123");
  EXPECT_EQ(back->notice, status.notice);
  EXPECT_EQ(back->state, "paused");
  EXPECT_EQ(back->best_score, 1.25);
  EXPECT_EQ(back->best_generation, 3);
  EXPECT_EQ(back->elapsed, status.elapsed);
  EXPECT_EQ(back->eta, status.eta);
  EXPECT_EQ(back->outcomes, status.outcomes);
}

TEST(StatusJson, WhatIsNotKnownIsNull) {
  RunStatus status;
  status.evaluations_per_second = std::nan("");
  const auto object = nlohmann::json::parse(status_to_json(status));
  EXPECT_TRUE(object["best_score"].is_null());
  EXPECT_TRUE(object["eta_seconds"].is_null());
  EXPECT_TRUE(object["evaluations_per_second"].is_null());
  EXPECT_TRUE(status_from_json(status_to_json(status)));
}

TEST(StatusJson, OneLineEvenForHostileTexts) {
  RunStatus status;
  status.notice = "a\nb\xff";
  EXPECT_EQ(status_to_json(status).find('\n'), std::string::npos);
}

TEST(StatusJson, RefusesWhatIsNoStatus) {
  EXPECT_EQ(status_from_json("nonsense").error().kind, ErrorKind::parse);
  EXPECT_EQ(status_from_json("[1]").error().kind, ErrorKind::parse);
  EXPECT_EQ(status_from_json(R"({"generation":"many"})").error().kind, ErrorKind::parse);
}

}  // namespace
}  // namespace genesis
