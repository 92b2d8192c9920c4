#include "genesis/cli/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "genesis/base/files.h"

namespace genesis::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

RunReport full_report() {
  RunReport report;
  report.folder = "results/first";
  report.run_id = "0123456789abcdef0123456789abcdef";
  report.task = "circle_packing";
  report.status = "finished";
  report.reason = "generations";
  report.created_at = "2026-01-02T03:04:05Z";
  store::ProgramRecord best;
  best.generation = 42;
  best.score = 2.5;
  report.best = best;
  report.best_path = "results/first/gen_42/main.py";
  store::ProgramRecord initial;
  initial.score = 0.96;
  report.initial = initial;
  EpochReport epoch;
  epoch.epoch.evaluator_hash = "c0ffee";
  epoch.epoch.started_at = 1000;
  epoch.best = best;
  report.epochs.push_back(epoch);
  report.counters.programs = 101;
  report.counters.proposals = 120;
  report.counters.duplicates = 15;
  report.counters.rejected = 4;
  report.counters.attempts = 102;
  report.outcomes = {{"ok", 95}, {"incorrect", 5}, {"timeout", 1}};
  report.evaluations = 101;
  report.generations = 100;
  report.target_generations = 100;
  report.wall_seconds = 50.5;
  report.usage.push_back({"sandbox", "base", "s", 2, 0.5, 12, 92.5, "EUR", 0.0421});
  report.usage.push_back({"sandbox", "big", "s", 0, 0, 1, 1, "", 0});
  return report;
}

/// The promise to scripts: the recorded object, byte by byte.
TEST(RunReport, JsonIsAsRecorded) {
  const auto golden =
      read_file(fs::path(GENESIS_SOURCE_DIR) / "tests" / "golden" / "cli" / "show.json");
  ASSERT_TRUE(golden) << golden.error().message;
  EXPECT_EQ(to_json(full_report()).dump(2) + "\n", *golden);
}

TEST(RunReport, WhatIsNotKnownIsNull) {
  RunReport report;
  report.status = "interrupted";
  const json object = to_json(report);
  for (const char* key : {"best", "initial", "wall_seconds", "evaluations_per_second", "reason",
                          "target_generations", "created_at"}) {
    EXPECT_TRUE(object.at(key).is_null()) << key;
  }
  EXPECT_EQ(object.at("programs"), 0);
  EXPECT_TRUE(object.at("outcomes").is_object());
}

TEST(RunReport, ScoresThatJsonCannotSayAreNull) {
  RunReport report = full_report();
  report.initial->score = -std::numeric_limits<double>::infinity();
  report.best_path.clear();
  const json object = to_json(report);
  EXPECT_TRUE(object["initial"]["combined_score"].is_null());
  EXPECT_TRUE(object["best"]["path"].is_null());
}

TEST(RunReport, TextForPeopleIsClean) {
  store::ProgramRecord step;
  step.generation = 42;
  step.score = 2.5;
  step.elapsed_millis = 1500;
  step.summary = "literal\x1b[2J";
  const std::string text = to_text(full_report(), {step});
  EXPECT_THAT(text, HasSubstr("status       finished (generations)\n"));
  EXPECT_THAT(text, HasSubstr("best         2.5 (generation 42), initial program 0.96\n"));
  EXPECT_THAT(text, HasSubstr("evaluations  101 in 50.5 s (2.00/s)\n"));
  EXPECT_THAT(text, HasSubstr("outcomes     ok 95, incorrect 5, timeout 1\n"));
  EXPECT_THAT(text, HasSubstr("sandbox time base (2 vCPU, 0.5 GiB): 1m32s in 12, 0.042 EUR\n"));
  EXPECT_THAT(text, HasSubstr("sandbox time big: 1.0 s in 1\n"));
  EXPECT_THAT(text, HasSubstr("cost         0.042 EUR for 1 of 2\n"));
  EXPECT_THAT(text, HasSubstr("1.5 s  gen 42     2.5        literal?[2J\n"));
}

TEST(RunReport, SeveralEpochsAreListedAndUnseenSeedsToo) {
  RunReport report = full_report();
  EXPECT_EQ(to_text(report, {}).find("epochs"), std::string::npos);
  EpochReport second = report.epochs.front();
  second.epoch.number = 2;
  second.epoch.first_generation = 60;
  second.best.reset();
  report.epochs.push_back(second);
  report.final_scores = run::FinalScores{2, "c0ffee", 2, {{70, 0.5, {{1, 0.4}, {2, 0.4}}}}};
  const std::string text = to_text(report, {});
  EXPECT_THAT(text, HasSubstr("scores of different epochs are not comparable"));
  EXPECT_THAT(text, HasSubstr("2  from gen 60     evaluator c0ffee  no correct program"));
  EXPECT_THAT(text, HasSubstr("on 2 unseen seeds: gen 70 0.4, the same on every seed"));
  EXPECT_EQ(to_json(report)["unseen_seeds"]["best_generation"], 70);
}

TEST(RunReport, ProgramIdsNameRunAndGeneration) {
  EXPECT_EQ(program_id("0123456789abcdef", 7), "01234567-7");
}

}  // namespace
}  // namespace genesis::cli
