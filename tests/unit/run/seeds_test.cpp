// Several programs to start from, on in-process evaluators and the fake launcher.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "genesis/genesis.h"
#include "genesis/store/run_store.h"

namespace genesis {
namespace {

std::string text_of(const std::string& number) {
  return "# EVOLVE-BLOCK-START\n" + number + "\n# EVOLVE-BLOCK-END\n";
}

/// The number is the score; negative ones are incorrect.
Evaluation number_score(const Program& program) {
  Evaluation evaluation;
  evaluation.combined_score = std::strtod(program.text().c_str() + 21, nullptr);
  evaluation.correct = evaluation.combined_score >= 0;
  if (!evaluation.correct) evaluation.error = "negative";
  return evaluation;
}

class SeedsTest : public testing::Test {
 protected:
  SeedsTest() {
    evo_.language = "yaml";
    evo_.num_generations = 30;
    evo_.max_parallel_jobs = 1;
    db_.num_islands = 3;
  }
  std::string put(const std::string& name, const std::string& text) {
    EXPECT_TRUE(write_file(dir_.path() / name, text));
    return (dir_.path() / name).string();
  }
  void seeds(const std::vector<std::string>& numbers) {
    evo_.init_program_paths.clear();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      evo_.init_program_paths.push_back(put(std::to_string(i) + ".yaml", text_of(numbers[i])));
    }
  }
  run::RunSummary run(const std::string& name, Evaluator evaluator = number_score) {
    RunOptions options;
    options.output_dir = (dir_.path() / name).string();
    EvolutionRunner runner(evo_, std::move(evaluator), db_, "numbers", options);
    runner.run();
    return runner.summary();
  }
  std::unique_ptr<store::StoreReader> reader(const std::string& name) {
    return value_or_throw(store::StoreReader::open(dir_.path() / name / "run.sqlite"));
  }
  std::vector<store::ProgramRecord> records(const std::string& name) {
    std::vector<store::ProgramRecord> all;
    EXPECT_TRUE(reader(name)->for_each_program([&](const store::ProgramRecord& program) {
      all.push_back(program);
      return true;
    }));
    return all;
  }

  TempDir dir_;
  EvolutionConfig evo_;
  DatabaseConfig db_;
};

TEST_F(SeedsTest, AllAreRecordedFirstAndCountAsGenerations) {
  seeds({"1.5", "2.5", "-1.0", "3.5"});
  for (const int jobs : {1, 4}) {
    evo_.max_parallel_jobs = jobs;
    const std::string name = "jobs" + std::to_string(jobs);
    const run::RunSummary summary = run(name);
    EXPECT_EQ(summary.reason, StopReason::generations);
    const auto all = records(name);
    ASSERT_EQ(all.size(), 31u);
    EXPECT_EQ(all[0].score, 1.5);  // the first is generation 0, whatever the others do
    // Several at a time are recorded in the order of their ends: a child may overtake a seed.
    int seeds = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool seed = all[i].mutator == "seed";
      seeds += seed ? 1 : 0;
      EXPECT_TRUE(jobs > 1 || seed == (i < 4)) << i;
      EXPECT_EQ(all[i].parent < 0, seed) << i;
    }
    EXPECT_EQ(seeds, 4);
    const store::Counters counters = value_or_throw(reader(name)->counters());
    EXPECT_EQ(counters.programs, 31);
    EXPECT_EQ(counters.evaluations, 31);
    EXPECT_EQ(summary.status.proposals, counters.proposals);
  }
}

TEST_F(SeedsTest, InterruptedAmongTheSeedsEqualsUninterrupted) {
  seeds({"1.5", "2.5", "3.5", "4.5", "5.5", "6.5"});
  run("whole");
  RunOptions options;
  options.output_dir = (dir_.path() / "parts").string();
  std::atomic<int> calls{0};
  int sessions = 0;
  StopReason reason = StopReason::interrupted;
  while (reason == StopReason::interrupted) {
    ASSERT_LT(++sessions, 30);
    EvolutionRunner* self = nullptr;
    const auto evaluator = [&](const Program& program) {
      if (++calls % 2 == 0) self->stop();
      return number_score(program);
    };
    EvolutionRunner runner(evo_, evaluator, db_, "numbers", options);
    self = &runner;
    runner.run();
    reason = runner.summary().reason;
    // The files are not read again.
    for (const std::string& path : evo_.init_program_paths) fs::remove(path);
  }
  EXPECT_EQ(reason, StopReason::generations);
  EXPECT_GT(sessions, 4);
  EXPECT_EQ(value_or_throw(reader("parts")->canonical_dump()),
            value_or_throw(reader("whole")->canonical_dump()));
}

TEST_F(SeedsTest, AllFailingEndsTheRunWithTheLastReason) {
  seeds({"-1.0", "-2.0", "-3.0"});
  const run::RunSummary summary = run("bad");
  EXPECT_EQ(summary.reason, StopReason::seed_failed);
  EXPECT_NE(summary.message.find("none of the 3 starting programs is correct"), std::string::npos);
  EXPECT_NE(summary.message.find("negative"), std::string::npos) << summary.message;
  EXPECT_EQ(records("bad").size(), 3u);
  // Mended, the same folder starts afresh.
  put("2.yaml", text_of("3.0"));
  EXPECT_EQ(run("bad").reason, StopReason::generations);
  EXPECT_EQ(records("bad").size(), 31u);
  EXPECT_FALSE(records("bad")[0].correct);
}

// A run that was stopped between the record of its only, failed, seed and its end must not wait for
// ever at the next start.
TEST_F(SeedsTest, AStopAtTheFailingSeedIsStillAFailedSeed) {
  seeds({"-1.0"});
  RunOptions options;
  options.output_dir = (dir_.path() / "stopped").string();
  EvolutionRunner* self = nullptr;
  EvolutionRunner runner(
      evo_,
      [&](const Program& program) {
        self->stop();
        return number_score(program);
      },
      db_, "numbers", options);
  self = &runner;
  runner.run();
  EXPECT_EQ(runner.summary().reason, StopReason::seed_failed);
}

// A machine that fails for one seed costs that seed, not the run.
TEST_F(SeedsTest, ASeedGivenUpForTheMachineIsPassedOver) {
  launch::register_builtin_backends();
  seeds({"1.5", "2.5", "3.5"});
  evo_.max_attempts = 2;
  evo_.num_generations = 10;
  launch::JobConfig job;
  job.type = "fake";
  // The second evaluation's two attempts are lost.
  job.options_json = nlohmann::json{{"evaluator_command", "toy {program_path}"},
                                    {"rules", {{{"evaluation", 1}, {"outcome", "lost"}}}}}
                         .dump();
  RunOptions options;
  options.output_dir = (dir_.path() / "lossy").string();
  EvolutionRunner runner(evo_, job, db_, "numbers", options);
  runner.run();
  EXPECT_EQ(runner.summary().reason, StopReason::generations) << runner.summary().message;
  const auto all = records("lossy");
  ASSERT_EQ(all.size(), 11u);
  EXPECT_EQ(all[1].mutator, "seed");
  EXPECT_NE(all[2].mutator, "seed");
  EXPECT_EQ(reader("lossy")->counters()->failed, 1);
}

TEST_F(SeedsTest, AnEarlierRunIsAWarmStartAndTrustSkipsTheEvaluation) {
  seeds({"1.5"});
  run("first");
  const double best = value_or_throw(reader("first")->best())->score;
  evo_.init_program_paths.clear();
  evo_.init_program_path = "";
  evo_.warm_start = {(dir_.path() / "first").string()};
  evo_.warm_start_top = 5;
  evo_.num_generations = 4;
  std::atomic<int> evaluated{0};
  const auto counting = [&](const Program& program) {
    ++evaluated;
    Evaluation evaluation = number_score(program);
    evaluation.combined_score *= 10;  // another scale: their scores mean nothing here
    return evaluation;
  };
  const run::RunSummary again = run("again", counting);
  EXPECT_EQ(evaluated, 5);
  EXPECT_DOUBLE_EQ(again.best->combined_score, best * 10);
  evo_.warm_start_trust_scores = true;
  const run::RunSummary trusted = run("trusted", counting);
  EXPECT_EQ(evaluated, 5);
  EXPECT_DOUBLE_EQ(trusted.best->combined_score, best);
  const store::Counters counters = value_or_throw(reader("trusted")->counters());
  EXPECT_EQ(counters.programs, 5);
  EXPECT_EQ(counters.attempts, 0);
  for (const store::ProgramRecord& record : records("trusted")) {
    EXPECT_EQ(record.mutator, "import");
    EXPECT_EQ(record.extra_json, R"({"trusted_score":true})");
  }
}

}  // namespace
}  // namespace genesis
