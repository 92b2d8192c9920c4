#include "genesis/run/final_scores.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/run/rescore.h"
#include "genesis/run/score_summary.h"

namespace genesis::run {
namespace {

TEST(ScoreSummary, IsThatOfTheSample) {
  const ScoreSummary summary = summarise({1, 2, 3, 4});
  EXPECT_EQ(summary.count, 4u);
  EXPECT_DOUBLE_EQ(summary.mean, 2.5);
  EXPECT_NEAR(summary.deviation, 1.2909944, 1e-6);
  EXPECT_EQ(summary.lowest, 1);
  EXPECT_EQ(summary.highest, 4);
  EXPECT_EQ(summarise({0.1, 0.1, 0.1}).mean, 0.1);
  EXPECT_TRUE(summarise({0.1, 0.1, 0.1}).same());
  EXPECT_EQ(summarise({7}).deviation, 0);
  EXPECT_EQ(summarise({}).count, 0u);
  EXPECT_DOUBLE_EQ(summarise({1e308, 1e308}).mean, 1e308);
}

FinalScores two_programs() {
  FinalScores scores;
  scores.evaluator_hash = "aa";
  scores.repeats = 3;
  scores.programs = {{12, 0.9, {{1, 0.5}, {2, 0.6}, {3, 0.7}}},
                     {7, 0.8, {{1, 0.7}, {2, 0.8}, {3, std::nullopt}}}};
  return scores;
}

TEST(FinalScores, FewerFailuresComeBeforeAHigherMean) {
  FinalScores scores = two_programs();
  ASSERT_NE(scores.best(), nullptr);
  EXPECT_EQ(scores.best()->generation, 12);
  scores.programs[1].by_seed[3] = 0.9;
  EXPECT_EQ(scores.best()->generation, 7);
  const auto lines = describe(scores);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "on 3 unseen seeds: gen 12 0.6 ± 0.1 (0.9 in the search)");
  EXPECT_EQ(lines[2], "generation 7 is better there; best/ is what the search found");
}

TEST(FinalScores, SaysWhenNothingVariesOrFails) {
  FinalScores scores = two_programs();
  for (auto& [seed, score] : scores.programs[0].by_seed) score = 0.9;
  auto lines = describe(scores);
  EXPECT_EQ(lines[0], "on 3 unseen seeds: gen 12 0.9, the same on every seed (0.9 in the search)");
  EXPECT_NE(lines[1].find("failed on 1 of 3"), std::string::npos);
  for (auto& [seed, score] : scores.programs[0].by_seed) score = std::nullopt;
  EXPECT_NE(describe(scores)[0].find("failed on every seed"), std::string::npos);
  scores.programs[0].by_seed.clear();
  EXPECT_EQ(describe(scores).back(), "not all are evaluated yet");
  EXPECT_TRUE(describe(FinalScores()).empty());
}

TEST(FinalScores, WhatIsKnownIsNotEvaluatedAgain) {
  FinalScores wanted = two_programs();
  for (FinalProgram& program : wanted.programs) program.by_seed.clear();
  wanted.repeats = 4;
  wanted.programs.push_back({30, 0.7, {}});
  const FinalScores planned = plan_final_scores(two_programs(), wanted);
  using Missing = std::vector<std::pair<std::size_t, int>>;
  EXPECT_EQ(planned.missing(), (Missing{{2, 1}, {2, 2}, {2, 3}, {0, 4}, {1, 4}, {2, 4}}));
  FinalScores other = two_programs();
  other.evaluator_hash = "bb";
  EXPECT_EQ(plan_final_scores(other, wanted).missing().size(), 12u);
  other = two_programs();
  other.epoch = 2;
  EXPECT_EQ(plan_final_scores(other, wanted).missing().size(), 12u);
}

TEST(FinalScores, ComeBackAndDamageIsRefused) {
  const std::string text = to_json(two_programs()).dump();
  const FinalScores back = value_or_throw(decode_final_scores(text));
  EXPECT_EQ(to_json(back).dump(), text);
  for (const std::string& damaged :
       {std::string(), std::string("{}"), std::string("[]"), text.substr(0, text.size() / 2),
        std::string(R"({"epoch":1,"evaluator":"","repeats":2000000000,"programs":[]})"),
        std::string(R"({"epoch":1,"evaluator":"","repeats":1,"programs":[{"generation":1,)"
                    R"("search_score":0,"scores":{"2":1}}]})"),
        std::string(R"({"epoch":1,"evaluator":"","repeats":1,"programs":[{"generation":1,)"
                    R"("search_score":0,"scores":{"x":1}}]})")}) {
    EXPECT_FALSE(decode_final_scores(damaged)) << damaged;
  }
}

RescoredProgram rescored(std::int64_t generation, double recorded, std::vector<double> scores) {
  RescoredProgram program;
  program.generation = generation;
  program.recorded_score = recorded;
  program.recorded_correct = true;
  program.recorded_outcome = "ok";
  program.outcomes["ok"] = static_cast<std::int64_t>(scores.size());
  program.scores = std::move(scores);
  return program;
}

TEST(RescoreReport, SaysWhenTheRankingChanges) {
  RescoreReport report;
  report.repeats = 2;
  report.programs = {rescored(5, 3, {2, 2.5}), rescored(3, 2, {1, 1.5})};
  EXPECT_FALSE(report.ranking_changes());
  EXPECT_NE(to_text(report).find("the ranking stays"), std::string::npos);
  report.programs[1].scores = {4, 4};
  EXPECT_TRUE(report.ranking_changes());
  const std::string text = to_text(report);
  EXPECT_NE(text.find("2.25 ± 0.353553 (2.0 … 2.5)"), std::string::npos) << text;
  EXPECT_NE(text.find("-0.75"), std::string::npos) << text;
  EXPECT_NE(text.find("4.0 each time"), std::string::npos) << text;
  EXPECT_NE(text.find("generation 3 comes first now"), std::string::npos) << text;
  report.evaluator_difference = "'/x/evaluate.py' has changed";
  EXPECT_NE(to_text(report).find("not the recorded one: '/x/evaluate.py'"), std::string::npos);
}

TEST(RescoreReport, AProgramThatFailsNowComesLast) {
  RescoreReport report;
  report.programs = {rescored(5, 3, {}), rescored(3, 2, {2})};
  report.programs[0].outcomes = {{"timeout", 1}};
  report.programs[0].error = "timed out\x1b[2J";
  EXPECT_TRUE(report.ranking_changes());
  EXPECT_EQ(to_text(report).find('\x1b'), std::string::npos);
  EXPECT_TRUE(to_json(report)["programs"][0]["mean"].is_null());
  EXPECT_EQ(to_json(report)["programs"][1]["mean"], 2.0);
}

}  // namespace
}  // namespace genesis::run
