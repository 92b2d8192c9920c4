#include "evaluators/result_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "evaluators/json_fields.h"

namespace genesis::evaluators {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto kYes = R"({"correct": true, "error": null})";

EvaluationOutcome judge(std::string metrics, std::string correct = kYes) {
  ResultTexts texts;
  texts.metrics_json = std::move(metrics);
  texts.correct_json = std::move(correct);
  return read_results(texts);
}

void expect_invalid(const EvaluationOutcome& outcome, std::string_view file, std::string_view why) {
  EXPECT_EQ(outcome.kind, OutcomeKind::invalid_output);
  EXPECT_FALSE(outcome.correct);
  EXPECT_EQ(outcome.combined_score, 0.0);
  EXPECT_THAT(outcome.error, StartsWith(std::string(file)));
  EXPECT_THAT(outcome.error, HasSubstr(std::string(why)));
}

TEST(ResultFiles, ReadsEverythingOfAGoodPair) {
  const auto outcome = judge(R"({
    "combined_score": 2.5e0, "public": {"a": [1, 2.0, "x"]}, "private": {"b": null},
    "text_feedback": "more \"room\"\nthere \u00e9 \ud83d\ude00", "runs": 3, "timing": {"mean": 0.5}
  })");
  EXPECT_EQ(outcome.kind, OutcomeKind::ok);
  EXPECT_TRUE(outcome.correct);
  EXPECT_EQ(outcome.combined_score, 2.5);
  EXPECT_EQ(outcome.public_json, R"({"a":[1,2.0,"x"]})");
  EXPECT_EQ(outcome.private_json, R"({"b":null})");
  EXPECT_EQ(outcome.text_feedback, "more \"room\"\nthere \xC3\xA9 \xF0\x9F\x98\x80");
  EXPECT_EQ(outcome.extra_json, R"({"runs":3,"timing":{"mean":0.5}})");
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.note, "");
}

TEST(ResultFiles, MissingScoreCountsAsZeroWithANote) {
  const auto outcome = judge("{}");
  EXPECT_EQ(outcome.kind, OutcomeKind::ok);
  EXPECT_EQ(outcome.combined_score, 0.0);
  EXPECT_THAT(outcome.note, HasSubstr("combined_score"));
  EXPECT_EQ(outcome.public_json, "{}");
  EXPECT_EQ(outcome.extra_json, "{}");
}

TEST(ResultFiles, FeedbackMayBeAListOfLines) {
  EXPECT_EQ(judge(R"({"combined_score":1,"text_feedback":["a","b\\c",""]})").text_feedback,
            "a\nb\\c\n");
  EXPECT_EQ(judge(R"({"text_feedback":null})").text_feedback, "");
  expect_invalid(judge(R"({"text_feedback":7})"), "metrics.json", "text_feedback");
  expect_invalid(judge(R"({"text_feedback":["a",7]})"), "metrics.json", "text_feedback");
}

TEST(ResultFiles, IncorrectKeepsScoreAndMessage) {
  const auto outcome =
      judge(R"({"combined_score": 0.5})", R"({"correct": false, "error": "too slow"})");
  EXPECT_EQ(outcome.kind, OutcomeKind::incorrect);
  EXPECT_EQ(outcome.combined_score, 0.5);
  EXPECT_EQ(outcome.error, "too slow");
  EXPECT_NE(judge("{}", R"({"correct":false})").error, "");
}

TEST(ResultFiles, NonFiniteScoresAreIncorrectAndNamed) {
  for (const std::string literal : {"NaN", "Infinity", "-Infinity", "null", "1e999"}) {
    const auto outcome = judge("{\"combined_score\": " + literal + "}");
    EXPECT_EQ(outcome.kind, OutcomeKind::incorrect) << literal;
    EXPECT_EQ(outcome.combined_score, 0.0) << literal;
    EXPECT_THAT(outcome.error, HasSubstr(literal));
  }
  EXPECT_EQ(judge(R"({"combined_score": 1e-999})").kind, OutcomeKind::ok);
}

TEST(ResultFiles, NonFiniteValuesElsewhereBecomeNull) {
  const auto outcome =
      judge(R"({"combined_score":1,"public":{"a":NaN,"b":[-Infinity,1e999]},"x":Infinity})");
  EXPECT_EQ(outcome.kind, OutcomeKind::ok);
  EXPECT_EQ(outcome.public_json, R"({"a":null,"b":[null,null]})");
  EXPECT_EQ(outcome.extra_json, R"({"x":null})");
}

TEST(ResultFiles, WrongTypesNameTheKeyAndWhatWasFound) {
  expect_invalid(judge(R"({"combined_score":"1.0"})"), "metrics.json", "found a string");
  expect_invalid(judge(R"({"combined_score":true})"), "metrics.json", "found a boolean");
  expect_invalid(judge(R"({"public":[1]})"), "metrics.json", "'public' must be an object");
  expect_invalid(judge(R"({"private":3})"), "metrics.json", "'private' must be an object");
  expect_invalid(judge("{}", R"({"correct":1})"), "correct.json", "true or false");
  expect_invalid(judge("{}", R"({"error":null})"), "correct.json", "'correct' is missing");
  expect_invalid(judge("[1]"), "metrics.json", "expected an object");
  expect_invalid(judge("{}", "true"), "correct.json", "expected an object");
}

TEST(ResultFiles, MalformedTextsSayWhere) {
  expect_invalid(judge("{\n \"a\": 1,\n}"), "metrics.json", "line 3, column 1: expected a key");
  expect_invalid(judge(R"({"a" 1})"), "metrics.json", "expected ':'");
  expect_invalid(judge(R"({"a": 1 "b": 2})"), "metrics.json", "expected ',' or '}'");
  expect_invalid(judge(R"({"a": [1 2]})"), "metrics.json", "expected ',' or ']'");
  expect_invalid(judge(R"({"a": nope})"), "metrics.json", "expected a value");
  expect_invalid(judge(R"({"a": 01})"), "metrics.json", "begins with 0");
  expect_invalid(judge(R"({"a": -})"), "metrics.json", "expected a digit");
  expect_invalid(judge(R"({"a": "\x"})"), "metrics.json", "unknown escape");
  expect_invalid(judge(R"({"a": "\u12g4"})"), "metrics.json", "four hexadecimal");
  expect_invalid(judge("{\"a\": \"\n\"}"), "metrics.json", "control character");
  expect_invalid(judge("{} {}"), "metrics.json", "something follows");
  expect_invalid(judge("\xEF\xBB\xBF{}"), "metrics.json", "byte order mark");
}

TEST(ResultFiles, EveryTruncationIsInvalid) {
  const std::string whole = R"({"combined_score": 1.5, "public": {"a": [true, "x\n"]}, "n": null})";
  ASSERT_EQ(judge(whole).kind, OutcomeKind::ok);
  for (std::size_t length = 0; length < whole.size(); ++length)
    expect_invalid(judge(whole.substr(0, length)), "metrics.json", "");
  expect_invalid(judge(R"({"combined_score": 1.5, "pub)"), "metrics.json", "cut short?");
  expect_invalid(judge(""), "metrics.json", "empty");
  expect_invalid(judge(" \n"), "metrics.json", "empty");
}

TEST(ResultFiles, DuplicateKeysAreRefusedAtEveryLevel) {
  expect_invalid(judge(R"({"combined_score":1,"combined_score":9})"), "metrics.json",
                 "'combined_score' is there twice");
  expect_invalid(judge(R"({"public":{"a":1,"\u0061":2}})"), "metrics.json", "'a' is there twice");
  expect_invalid(judge("{}", R"({"correct":false,"correct":true})"), "correct.json", "twice");
  std::string many = "{\"k0\":0";
  for (int i = 1; i < 40; ++i) many += ",\"k" + std::to_string(i) + "\":0";
  EXPECT_EQ(judge(many + "}").kind, OutcomeKind::ok);
  expect_invalid(judge(many + ",\"k7\":0}"), "metrics.json", "'k7' is there twice");
  EXPECT_EQ(judge(R"({"public":{"a":1},"private":{"a":1},"a":1})").kind, OutcomeKind::ok);
}

TEST(ResultFiles, DepthIsLimited) {
  const auto nested = [](int depth) {
    const auto count = static_cast<std::size_t>(depth);
    return "{\"a\":" + std::string(count, '[') + std::string(count, ']') + "}";
  };
  EXPECT_EQ(judge(nested(kMaxJsonDepth)).kind, OutcomeKind::ok);
  expect_invalid(judge(nested(kMaxJsonDepth + 1)), "metrics.json", "nested deeper");
  expect_invalid(judge("{\"a\":" + std::string(1 << 20, '[')), "metrics.json", "nested deeper");
}

TEST(ResultFiles, BytesThatAreNotUtf8AreRefused) {
  for (const std::string bad : {"\xff", "\xc3", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80"})
    expect_invalid(judge("{\"text_feedback\": \"" + bad + "\"}"), "metrics.json", "UTF-8");
}

TEST(ResultFiles, WhatComesOutIsStrictJson) {
  const auto outcome = judge(R"({"public":{"lone":"\ud800x","pair":"\ud83d\ude00","big":1e400},
                                 "quote\"\u0001\n":[NaN]})");
  ASSERT_EQ(outcome.kind, OutcomeKind::ok);
  const auto shown = nlohmann::json::parse(outcome.public_json);
  EXPECT_EQ(shown["lone"].get<std::string>(), "\xEF\xBF\xBDx");
  EXPECT_EQ(shown["pair"].get<std::string>(), "\xF0\x9F\x98\x80");
  EXPECT_TRUE(shown["big"].is_null());
  EXPECT_TRUE(nlohmann::json::parse(outcome.extra_json).contains("quote\"\x01\n"));
}

TEST(ResultFiles, FoldersMissingFilesLinksAndSpecialFiles) {
  const TempDir folder;
  const auto& path = folder.path();
  expect_invalid(read_results(load_results(path)), "correct.json", "missing");
  std::ofstream(path / "correct.json") << kYes;
  expect_invalid(read_results(load_results(path)), "metrics.json", "missing");
  expect_invalid(read_results(load_results(path / "nowhere")), "correct.json", "missing");

  std::ofstream(path / "elsewhere.json") << R"({"combined_score": 99})";
  fs::create_symlink(path / "elsewhere.json", path / "metrics.json");
  expect_invalid(read_results(load_results(path)), "metrics.json", "symbolic link");
  fs::remove(path / "metrics.json");
  ASSERT_EQ(::mkfifo((path / "metrics.json").c_str(), 0600), 0);
  expect_invalid(read_results(load_results(path)), "metrics.json", "not a regular file");
  fs::remove(path / "metrics.json");
  fs::rename(path / "elsewhere.json", path / "metrics.json");
  EXPECT_EQ(read_results(load_results(path)).combined_score, 99.0);
}

TEST(ResultFiles, FilesAboveTheLimitAreRefusedUnread) {
  const TempDir folder;
  std::ofstream(folder.path() / "correct.json") << kYes;
  std::ofstream(folder.path() / "metrics.json") << "{}";
  fs::resize_file(folder.path() / "metrics.json", kMaxResultBytes + 1);
  expect_invalid(read_results(load_results(folder.path())), "metrics.json", "over the limit");
  ResultTexts inline_texts;
  inline_texts.correct_json = kYes;
  inline_texts.metrics_json = std::string(kMaxResultBytes + 1, ' ');
  expect_invalid(read_results(inline_texts), "metrics.json", "64");
}

TEST(Outcome, KindsHaveNamesThatReadBack) {
  for (const auto kind : {OutcomeKind::ok, OutcomeKind::incorrect, OutcomeKind::invalid_output,
                          OutcomeKind::job_failure})
    EXPECT_EQ(outcome_kind_from(to_string(kind)), kind);
  EXPECT_EQ(outcome_kind_from("fine"), std::nullopt);
  const auto failed = job_failure("timed out after 10.0 s");
  EXPECT_EQ(failed.kind, OutcomeKind::job_failure);
  EXPECT_FALSE(failed.correct);
  EXPECT_EQ(failed.error, "timed out after 10.0 s");
}

// 20,000 evaluations per second go through the parser: a coarse bound that a slow change would
// break even on a busy machine (measured: about 1 µs).
TEST(ResultFiles, SmallFilesTakeMicroseconds) {
  ResultTexts texts;
  texts.metrics_json = R"({"combined_score": 1.25, "public": {"a": 1.0}, "private": {}})";
  texts.correct_json = kYes;
  constexpr int kRounds = 20000;
  const auto start = std::chrono::steady_clock::now();
  double sum = 0;
  for (int i = 0; i < kRounds; ++i) sum += read_results(texts).combined_score;
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(sum, 1.25 * kRounds);
  RecordProperty("microseconds_per_result", std::to_string(took.count() / kRounds));
  EXPECT_LT(took.count() / kRounds, 50.0);
}

}  // namespace
}  // namespace genesis::evaluators
