// The whole runner with its store, on in-process evaluators and the fake launcher: no process, no
// clock that matters.
#include "genesis/run/evolution_run.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "genesis/base/files.h"
#include "genesis/genesis.h"
#include "genesis/store/run_store.h"

namespace genesis {
namespace {

constexpr std::string_view kSeedText =
    "# three numbers\n"
    "# EVOLVE-BLOCK-START\n"
    "1.5\n"
    "-2.0\n"
    "0.25\n"
    "# EVOLVE-BLOCK-END\n";

/// Higher is better; the best is 1 at (3, 1, 4).
Evaluation distance_score(const Program& program) {
  const double target[] = {3, 1, 4};
  double squares = 0;
  std::size_t index = 0;
  for (std::size_t at = 0; at < program.text().size() && index < 3;) {
    const std::size_t end = program.text().find('\n', at);
    const std::string line = program.text().substr(at, end - at);
    if (!line.empty() && line[0] != '#') {
      squares += std::pow(std::strtod(line.c_str(), nullptr) - target[index++], 2);
    }
    if (end == std::string::npos) break;
    at = end + 1;
  }
  Evaluation evaluation;
  evaluation.combined_score = 1 / (1 + squares);
  return evaluation;
}

class EvolutionRunTest : public testing::Test {
 protected:
  EvolutionRunTest() {
    seed_file_ = dir_.path() / "seed.txt";
    EXPECT_TRUE(write_file(seed_file_, kSeedText));
    evo_.init_program_path = seed_file_.string();
    evo_.language = "yaml";
    evo_.num_generations = 60;
    evo_.max_parallel_jobs = 1;
  }

  run::RunSummary run(const std::string& name, Evaluator evaluator = distance_score,
                      StatusObserver* observer = nullptr) {
    RunOptions options;
    options.output_dir = (dir_.path() / name).string();
    options.seed = seed_;
    options.observer = observer;
    options.results = results_;
    EvolutionRunner runner(evo_, std::move(evaluator), db_, "numbers", options);
    runner.run();
    return runner.summary();
  }

  std::unique_ptr<store::StoreReader> reader(const std::string& name) {
    return value_or_throw(store::StoreReader::open(dir_.path() / name / "run.sqlite"));
  }
  std::string dump(const std::string& name) {
    return value_or_throw(reader(name)->canonical_dump());
  }

  TempDir dir_;
  fs::path seed_file_;
  EvolutionConfig evo_;
  DatabaseConfig db_;
  ResultsConfig results_;
  std::uint64_t seed_ = 11;
};

TEST_F(EvolutionRunTest, RecordsExactlyWhatWasAskedAndImproves) {
  for (const int jobs : {1, 2, 7}) {
    evo_.max_parallel_jobs = jobs;
    const std::string name = "exact" + std::to_string(jobs);
    const run::RunSummary summary = run(name);
    EXPECT_EQ(summary.reason, StopReason::generations);
    EXPECT_EQ(summary.status.generation, 60);
    ASSERT_TRUE(summary.best);
    EXPECT_GT(summary.best->combined_score,
              distance_score(Program("main.yaml", std::string(kSeedText))).combined_score);
    EXPECT_EQ(reader(name)->counters()->programs, 61);
  }
}

TEST_F(EvolutionRunTest, SameSeedOneJobSameDump) {
  run("a");
  run("b");
  EXPECT_EQ(dump("a"), dump("b"));
  seed_ = 12;
  run("c");
  EXPECT_NE(dump("a"), dump("c"));
}

// The counting table of docs/counting.md, as numbers.
TEST_F(EvolutionRunTest, CountsAreThoseOfTheTable) {
  const run::RunSummary summary = run("counts");
  const store::Counters counters = value_or_throw(reader("counts")->counters());
  EXPECT_EQ(counters.programs, 61);
  EXPECT_EQ(counters.evaluations, counters.programs);
  EXPECT_EQ(counters.attempts, counters.evaluations);
  EXPECT_EQ(counters.proposals, counters.evaluations + counters.duplicates + counters.rejected +
                                    counters.no_change + counters.failed);
  EXPECT_EQ(summary.status.evaluations, 61);
  // Four islands, but the seed's copies are no programs.
  std::set<std::int64_t> generations;
  ASSERT_TRUE(reader("counts")->for_each_program([&](const store::ProgramRecord& program) {
    generations.insert(program.generation);
    EXPECT_LE(program.draw_event, program.generation);
    return true;
  }));
  EXPECT_EQ(generations.size(), 61u);
  EXPECT_EQ(*generations.rbegin(), 60);
}

TEST_F(EvolutionRunTest, DuplicatesAreNotEvaluatedUnlessAskedFor) {
  // One number that can only become a handful of values: duplicates are certain.
  ASSERT_TRUE(write_file(seed_file_, "# EVOLVE-BLOCK-START\n5\n# EVOLVE-BLOCK-END\n"));
  evo_.num_generations = 15;
  evo_.max_proposals_in_a_row = 5000;
  std::multiset<std::string> seen;
  std::mutex mutex;
  const auto counting = [&](const Program& program) {
    const std::lock_guard lock(mutex);
    seen.insert(program.text());
    return Evaluation{};
  };
  run("cached", counting);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
  const store::Counters counters = value_or_throw(reader("cached")->counters());
  EXPECT_GT(counters.duplicates, 0);
  seen.clear();
  evo_.evaluation_cache = false;
  evo_.num_generations = 40;
  run("noisy", counting);
  EXPECT_EQ(seen.size(), 41u);
  EXPECT_LT(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
}

TEST_F(EvolutionRunTest, StoppedAndResumedEqualsUninterrupted) {
  run("whole");
  RunOptions options;
  options.output_dir = (dir_.path() / "parts").string();
  options.seed = seed_;
  std::atomic<int> calls{0};
  int sessions = 0;
  StopReason reason = StopReason::interrupted;
  while (reason == StopReason::interrupted) {
    ASSERT_LT(++sessions, 50);
    EvolutionRunner* self = nullptr;
    const auto evaluator = [&](const Program& program) {
      if (++calls % 9 == 0) self->stop();
      return distance_score(program);
    };
    EvolutionRunner runner(evo_, evaluator, db_, "numbers", options);
    self = &runner;
    runner.run();
    reason = runner.summary().reason;
  }
  EXPECT_EQ(reason, StopReason::generations);
  EXPECT_GT(sessions, 3);
  EXPECT_EQ(dump("parts"), dump("whole"));
}

TEST_F(EvolutionRunTest, AbortedEvaluationsAreFoundAgain) {
  evo_.max_parallel_jobs = 3;
  RunOptions options;
  options.output_dir = (dir_.path() / "aborted").string();
  {
    EvolutionRunner* self = nullptr;
    std::atomic<int> calls{0};
    const auto evaluator = [&](const Program& program) {
      if (++calls == 10) {
        self->stop();
        self->stop();
      }
      return distance_score(program);
    };
    EvolutionRunner runner(evo_, evaluator, db_, "numbers", options);
    self = &runner;
    runner.run();
    EXPECT_EQ(runner.summary().reason, StopReason::aborted);
  }
  EvolutionRunner again(evo_, distance_score, db_, "numbers", options);
  again.run();
  EXPECT_EQ(again.summary().reason, StopReason::generations);
  const store::Counters counters = value_or_throw(reader("aborted")->counters());
  EXPECT_EQ(counters.programs, 61);
  EXPECT_EQ(counters.evaluations, 61);
}

TEST_F(EvolutionRunTest, AFailingSeedEndsTheRunAndCanBeMended) {
  const auto broken = [](const Program&) {
    Evaluation evaluation;
    evaluation.correct = false;
    evaluation.error = "circle 3 is outside";
    return evaluation;
  };
  const run::RunSummary summary = run("seed", broken);
  EXPECT_EQ(summary.reason, StopReason::seed_failed);
  EXPECT_NE(summary.message.find("circle 3 is outside"), std::string::npos) << summary.message;
  EXPECT_FALSE(summary.best);
  EXPECT_EQ(run("seed").reason, StopReason::generations);
}

TEST_F(EvolutionRunTest, AnotherConfigurationIsRefusedByName) {
  run("same");
  EXPECT_EQ(run("same").status.generation, 60);  // finished already: nothing to do, no error
  db_.num_islands = 7;
  try {
    run("same");
    FAIL() << "must be refused";
  } catch (const GenesisError& refused) {
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_NE(std::string(refused.what()).find("db_config.num_islands: 4 in the run, 7 now"),
              std::string::npos)
        << refused.what();
  }
}

TEST_F(EvolutionRunTest, ASecondRunnerIsRefused) {
  RunOptions options;
  options.output_dir = (dir_.path() / "locked").string();
  EvolutionRunner first(evo_, distance_score, db_, "numbers", options);
  EXPECT_THROW(EvolutionRunner(evo_, distance_score, db_, "numbers", options), GenesisError);
}

TEST_F(EvolutionRunTest, StopConditionsEndItWhereTheySay) {
  evo_.max_evaluations = 20;
  EXPECT_EQ(run("evaluations").reason, StopReason::evaluations);
  EXPECT_EQ(reader("evaluations")->counters()->programs, 20);
  evo_.max_evaluations.reset();
  evo_.target_score = 0.05;
  const run::RunSummary target = run("target");
  EXPECT_EQ(target.reason, StopReason::target_score);
  EXPECT_GE(target.best->combined_score, 0.05);
  evo_.target_score.reset();
  evo_.patience = 5;
  evo_.num_generations = 100000;
  EXPECT_EQ(run("patience").reason, StopReason::patience);
  evo_.patience.reset();
  ASSERT_TRUE(write_file(seed_file_, "# EVOLVE-BLOCK-START\nno number here\n# EVOLVE-BLOCK-END\n"));
  EXPECT_EQ(run("exhausted").reason, StopReason::exhausted);
}

TEST_F(EvolutionRunTest, ASeedWithoutMarkersIsRefusedWithTheRemedy) {
  ASSERT_TRUE(write_file(seed_file_, "1.0\n"));
  try {
    run("markers");
    FAIL() << "must be refused";
  } catch (const GenesisError& refused) {
    EXPECT_NE(std::string(refused.what()).find("EVOLVE-BLOCK-START"), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(dir_.path() / "markers")) << "a refused start leaves nothing behind";
}

TEST_F(EvolutionRunTest, WhatIsKeptOnDiskIsWhatWasAsked) {
  evo_.num_generations = 10;
  const auto folders = [&](const std::string& name) {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(dir_.path() / name)) {
      count += entry.path().filename().string().starts_with("gen_") ? 1 : 0;
    }
    return count;
  };
  results_.keep = ResultsKeep::all;
  run("all");
  EXPECT_EQ(folders("all"), 11);
  EXPECT_TRUE(fs::exists(dir_.path() / "all" / "gen_3" / "main.yaml"));
  EXPECT_TRUE(fs::exists(dir_.path() / "all" / "gen_3" / "original.yaml"));
  const std::string diff = value_or_throw(read_file(dir_.path() / "all" / "gen_3" / "edit.diff"));
  EXPECT_NE(diff.find("+++"), std::string::npos);
  results_.keep = ResultsKeep::none;
  run("none");
  EXPECT_EQ(folders("none"), 0);
  EXPECT_FALSE(fs::exists(dir_.path() / "none" / "best"));
  results_.keep = ResultsKeep::best;
  run("best");
  EXPECT_EQ(folders("best"), 0);
  const auto best = value_or_throw(reader("best")->best());
  const std::string source = value_or_throw(reader("best")->source(best->generation)).text();
  EXPECT_EQ(value_or_throw(read_file(dir_.path() / "best" / "best" / "main.yaml")), source);
}

// The last commits tell of themselves while the run is closing: their files must come out too.
TEST_F(EvolutionRunTest, WhatIsRecordedLastIsPublishedToo) {
  evo_.max_parallel_jobs = 4;
  evo_.num_generations = 8;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "last" + std::to_string(i);
    run(name);
    for (int generation = 0; generation <= 8; ++generation) {
      const fs::path folder = dir_.path() / name / ("gen_" + std::to_string(generation));
      EXPECT_TRUE(fs::exists(folder)) << folder;
    }
  }
}

TEST_F(EvolutionRunTest, ARunningRunAnswersAndIsExtendedAndStopped) {
  evo_.num_generations = 1'000'000;
  RunOptions options;
  options.output_dir = (dir_.path() / "talk").string();
  options.results.keep = ResultsKeep::none;
  EvolutionRunner runner(evo_, distance_score, db_, "numbers", options);
  runner.start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  nlohmann::json status;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto answer = run::control_request(options.output_dir, R"({"op":"status"})");
    if (answer) status = nlohmann::json::parse(*answer);
    if (status.is_object() && status["programs"].get<int>() > 5) break;
    std::this_thread::yield();
  }
  ASSERT_TRUE(status.is_object());
  EXPECT_EQ(status["state"], "running");
  EXPECT_EQ(status["target_generations"], 1'000'000);
  EXPECT_EQ(value_or_throw(run::extend_target(options.output_dir, 5)), 1'000'005);
  EXPECT_NE(run::control_request(options.output_dir, "nonsense").value().find("error"),
            std::string::npos);
  EXPECT_TRUE(run::control_request(options.output_dir, R"({"op":"stop"})"));
  runner.wait();
  EXPECT_EQ(runner.summary().reason, StopReason::interrupted);
  EXPECT_FALSE(run::control_request(options.output_dir, R"({"op":"status"})"));
  EXPECT_EQ(value_or_throw(run::extend_target(options.output_dir, 10)), 1'000'015);
}

/// Stops its runner at the first look after so many programs.
class StopAfter final : public StatusObserver {
 public:
  explicit StopAfter(int programs) : programs_(programs) {}
  void on_improvement(const RunStatus& status, std::string_view) override { look(status); }
  void on_progress(const RunStatus& status) override { look(status); }
  EvolutionRunner* runner = nullptr;

 private:
  void look(const RunStatus& status) {
    // A second stop would abort.
    if (status.programs >= programs_ && !std::exchange(stopped_, true)) runner->stop();
  }
  int programs_;
  bool stopped_ = false;
};

/// A run on the fake launcher, whose machine can be told to fail.
run::RunSummary run_on_fake(EvolutionConfig evo, const fs::path& output, nlohmann::json options,
                            int stop_after = 0) {
  launch::register_builtin_backends();
  launch::JobConfig job;
  job.type = "fake";
  options["evaluator_command"] = "toy {program_path}";
  job.options_json = options.dump();
  RunOptions run_options;
  run_options.output_dir = output.string();
  StopAfter observer(stop_after);
  if (stop_after > 0) run_options.observer = &observer;
  EvolutionRunner runner(std::move(evo), job, {}, "numbers", run_options);
  observer.runner = &runner;
  runner.run();
  return runner.summary();
}

TEST_F(EvolutionRunTest, WhatWaitsInTheLauncherAtAStopIsNotLost) {
  evo_.max_parallel_jobs = 3;
  const nlohmann::json options = {{"prepares_ahead", true}};
  const fs::path output = dir_.path() / "ahead";
  const run::RunSummary stopped = run_on_fake(evo_, output, options, 10);
  EXPECT_EQ(stopped.reason, StopReason::interrupted);
  EXPECT_LT(stopped.status.generation, 60);
  EXPECT_EQ(stopped.status.retries, 0);  // Taken back, not tried again.
  const store::Counters before = value_or_throw(reader("ahead")->counters());
  EXPECT_EQ(before.attempts, before.evaluations);
  EXPECT_GT(before.evaluations, before.programs);  // Some were journaled and wait.
  EXPECT_EQ(run_on_fake(evo_, output, options).reason, StopReason::generations);
  const store::Counters after = value_or_throw(reader("ahead")->counters());
  EXPECT_EQ(after.programs, 61);
  EXPECT_EQ(after.evaluations, 61);
}

TEST_F(EvolutionRunTest, LostJobsAreTriedAgainAndNeverScored) {
  evo_.max_parallel_jobs = 4;
  evo_.num_generations = 40;
  // Every seventh submission is lost, every eleventh never ran.
  const nlohmann::json options = {
      {"rules",
       {{{"every", 7}, {"outcome", "lost"}}, {{"every", 11}, {"outcome", "backend_error"}}}}};
  const run::RunSummary summary = run_on_fake(evo_, dir_.path() / "lossy", options);
  EXPECT_EQ(summary.reason, StopReason::generations);
  EXPECT_EQ(summary.status.generation, 40);
  EXPECT_GT(summary.status.retries, 3);
  EXPECT_EQ(summary.status.outcomes.count("lost"), 0u);
  const store::Counters counters = value_or_throw(reader("lossy")->counters());
  EXPECT_EQ(counters.programs, 41);
  EXPECT_EQ(counters.attempts, counters.evaluations + summary.status.retries);
}

TEST_F(EvolutionRunTest, ACandidatesOwnFailuresAreRecordedWithTheirKind) {
  evo_.max_parallel_jobs = 2;
  evo_.num_generations = 30;
  const nlohmann::json options = {{"rules",
                                   {{{"every", 5}, {"outcome", "timeout"}},
                                    {{"every", 7}, {"outcome", "out_of_memory"}},
                                    {{"every", 11}, {"outcome", "exited"}, {"exit_code", 3}}}}};
  const run::RunSummary summary = run_on_fake(evo_, dir_.path() / "failing", options);
  EXPECT_EQ(summary.status.generation, 30);
  EXPECT_GT(summary.status.outcomes.at("timeout"), 0);
  EXPECT_GT(summary.status.outcomes.at("out_of_memory"), 0);
  EXPECT_GT(summary.status.outcomes.at("exited"), 0);
}

TEST_F(EvolutionRunTest, ADeadBackendAtTheSeedEndsTheRunWithTheReason) {
  const nlohmann::json options = {{"outcome", "backend_error"}, {"detail", "no sandbox to be had"}};
  const run::RunSummary summary = run_on_fake(evo_, dir_.path() / "dead", options);
  EXPECT_EQ(summary.reason, StopReason::seed_failed);
  EXPECT_NE(summary.message.find("no sandbox to be had"), std::string::npos) << summary.message;
}

}  // namespace
}  // namespace genesis
