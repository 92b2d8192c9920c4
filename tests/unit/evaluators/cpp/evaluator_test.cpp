#include "genesis_evaluator/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "evaluators/result_files.h"

namespace genesis::evaluator {
namespace {

namespace fs = std::filesystem;
using evaluators::OutcomeKind;
using ::testing::HasSubstr;

class EvaluatorRun : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "genesis-evaluator-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    results_ = folder_ / "new" / "results";
    std::ofstream(folder_ / "main.cpp") << "int main() {}\n";
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// The exit status; what was written is in `outcome()`.
  int run(const Evaluate& evaluate, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"evaluator", "--program_path",
                                      (folder_ / "main.cpp").string(), "--results_dir",
                                      results_.string()};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    ::testing::internal::CaptureStderr();
    const int status = evaluator::run(static_cast<int>(argv.size()), argv.data(),
                                      {{"level", "1", "of difficulty"}}, evaluate);
    messages_ = ::testing::internal::GetCapturedStderr();
    return status;
  }

  /// As Genesis judges the files.
  evaluators::EvaluationOutcome outcome() const {
    return evaluators::read_results(evaluators::load_results(results_));
  }

  bool wrote_nothing() const { return !fs::exists(results_) || fs::is_empty(results_); }

  fs::path folder_, results_;
  std::string messages_;
};

Report good(double score) {
  Report report;
  report.combined_score = score;
  return report;
}

TEST_F(EvaluatorRun, WritesWhatGenesisReads) {
  const int status = run(
      [](const Arguments& arguments) {
        Report report = good(arguments.number("level") / 3);
        report.public_metrics.set("characters", arguments.program().size());
        report.private_metrics.set("hidden", "yes");
        report.text_feedback = "shorter, please";
        return report;
      },
      {"--level", "2"});
  EXPECT_EQ(status, 0) << messages_;
  const auto read = outcome();
  EXPECT_EQ(read.kind, OutcomeKind::ok) << read.error;
  EXPECT_EQ(read.combined_score, 2.0 / 3);
  EXPECT_EQ(read.public_json, R"({"characters":14})");
  EXPECT_EQ(read.private_json, R"({"hidden":"yes"})");
  EXPECT_EQ(read.text_feedback, "shorter, please");
  EXPECT_EQ(std::distance(fs::directory_iterator(results_), {}), 2) << "nothing temporary is left";
}

TEST_F(EvaluatorRun, AnExceptionMakesTheProgramIncorrect) {
  EXPECT_EQ(run([](const Arguments&) -> Report { throw std::runtime_error("it is \"slow\"\n"); }),
            0);
  EXPECT_EQ(outcome().kind, OutcomeKind::incorrect);
  EXPECT_EQ(outcome().error, "it is \"slow\"\n");
  EXPECT_EQ(outcome().combined_score, 0.0);

  EXPECT_EQ(run([](const Arguments&) -> Report { throw 7; }), 0);
  EXPECT_EQ(outcome().kind, OutcomeKind::incorrect);
  EXPECT_THAT(outcome().error, HasSubstr("no std::exception"));
}

TEST_F(EvaluatorRun, WhatIsNotTheCandidatesFaultIsNoResult) {
  EXPECT_EQ(run([](const Arguments&) { return good(1); }), 0);
  EXPECT_EQ(run([](const Arguments&) -> Report { throw CannotEvaluate("no compiler"); }), 1);
  EXPECT_THAT(messages_, HasSubstr("no compiler"));
  EXPECT_TRUE(wrote_nothing()) << "the earlier evaluation's files must be gone";
}

TEST_F(EvaluatorRun, NoNumberIsNoScore) {
  for (const double score :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(run([=](const Arguments&) { return good(score); }), 0);
    EXPECT_EQ(outcome().kind, OutcomeKind::incorrect);
    EXPECT_THAT(outcome().error, HasSubstr("combined_score is not a finite number"));
  }
  EXPECT_EQ(run([](const Arguments&) {
              Report report = good(1);
              report.public_metrics.set("loss", std::numeric_limits<double>::quiet_NaN());
              return report;
            }),
            0);
  EXPECT_EQ(outcome().kind, OutcomeKind::incorrect);
  EXPECT_THAT(outcome().error, HasSubstr("'loss'"));
}

TEST_F(EvaluatorRun, AnIncorrectReportKeepsItsMetrics) {
  EXPECT_EQ(run([](const Arguments&) {
              Report report = good(0.25);
              report.correct = false;
              report.public_metrics.set("violations", 3);
              return report;
            }),
            0);
  EXPECT_EQ(outcome().kind, OutcomeKind::incorrect);
  EXPECT_EQ(outcome().public_json, R"({"violations":3})");
  EXPECT_EQ(outcome().error, "the evaluator gave no reason");
}

TEST_F(EvaluatorRun, WhatTheCandidatePutInTheWayIsReplaced) {
  const fs::path target = folder_ / "target";
  std::ofstream(target) << "precious";
  EXPECT_EQ(run([&](const Arguments& arguments) {
              fs::create_symlink(target, arguments.results_dir() / "correct.json");
              fs::create_symlink(target, arguments.results_dir() / ".correct.json.tmp");
              fs::create_directories(arguments.results_dir() / "metrics.json" / "full");
              fs::create_directories(arguments.results_dir() / ".metrics.json.tmp" / "full");
              return good(1);
            }),
            0)
      << messages_;
  EXPECT_EQ(outcome().kind, OutcomeKind::ok) << outcome().error;
  std::string text;
  std::getline(std::ifstream(target), text);
  EXPECT_EQ(text, "precious");
}

TEST_F(EvaluatorRun, AReplacedResultsFolderIsNoResult) {
  EXPECT_EQ(run([&](const Arguments& arguments) {
              fs::rename(arguments.results_dir(), folder_ / "aside");
              fs::create_directories(arguments.results_dir());
              std::ofstream(arguments.results_dir() / "correct.json") << R"({"correct": true})";
              return good(1);
            }),
            1);
  EXPECT_THAT(messages_, HasSubstr("was replaced"));
}

TEST_F(EvaluatorRun, AResultsFolderThatCannotBeIsNamed) {
  results_ = folder_ / "main.cpp" / "results";
  EXPECT_EQ(run([](const Arguments&) { return good(1); }), 1);
  EXPECT_THAT(messages_, HasSubstr("main.cpp/results"));
}

TEST_F(EvaluatorRun, AWrongCommandLineIsStatusTwo) {
  const auto level = [](const Arguments& arguments) { return good(arguments.number("level")); };
  EXPECT_EQ(run(level, {"--lvel", "2"}), 2);
  EXPECT_THAT(messages_, HasSubstr("--lvel is not known"));
  EXPECT_THAT(messages_, HasSubstr("usage: evaluator"));
  EXPECT_EQ(run(level, {"--level", "high"}), 2);
  EXPECT_TRUE(wrote_nothing());
}

}  // namespace
}  // namespace genesis::evaluator
