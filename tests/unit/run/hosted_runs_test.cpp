// Several runs on one loop over one shared pool: each is the run that it would be alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "genesis/run/evolution_run.h"
#include "genesis/store/run_store.h"
#include "launch/fake/fake_launcher.h"
#include "launch/shared/shared_pool.h"

namespace genesis {
namespace {

constexpr std::string_view kSeedText =
    "# EVOLVE-BLOCK-START\n"
    "1.5\n"
    "-2.0\n"
    "0.25\n"
    "# EVOLVE-BLOCK-END\n";

/// Stops each run once it has some programs.
class StopAfter final : public StatusObserver {
 public:
  void watch(run::EvolutionRun& run) {
    run.add_observer(this);
    runs_.push_back(&run);
  }
  void on_progress(const RunStatus& status) override {
    if (status.programs < 5 || std::exchange(stopped_, true)) return;
    for (run::EvolutionRun* run : runs_) run->request_stop();
  }

 private:
  std::vector<run::EvolutionRun*> runs_;
  bool stopped_ = false;
};

class HostedRunsTest : public testing::Test {
 protected:
  HostedRunsTest() {
    launch::register_builtin_backends();
    EXPECT_TRUE(write_file(dir_.path() / "seed.txt", kSeedText));
  }

  run::RunSpec spec(const std::string& name, std::uint64_t seed, int jobs) {
    run::RunSpec spec;
    spec.evo.init_program_path = (dir_.path() / "seed.txt").string();
    spec.evo.language = "yaml";
    spec.evo.num_generations = 40;
    spec.evo.max_parallel_jobs = jobs;
    spec.job.type = "fake";
    spec.job.options_json = options_.dump();
    spec.task = "numbers";
    spec.output_dir = dir_.path() / name;
    spec.seed = seed;
    return spec;
  }

  /// Runs them all over a pool of `slots`; the summaries by output folder.
  std::map<std::string, run::RunSummary> together(const std::vector<run::RunSpec>& specs,
                                                  int slots) {
    boost::asio::io_context io;
    launch::LauncherContext context;
    context.io = &io;
    context.run_dir = dir_.path();
    context.max_parallel_jobs = slots;
    launch::SharedPool pool(
        io, launch::make_fake_launcher(context, launch::read_fake_options(options_, "job_config")));
    std::map<std::string, run::RunSummary> ended;
    std::map<std::string, std::unique_ptr<run::EvolutionRun>> runs;
    for (const run::RunSpec& spec : specs) {
      run::RunHost host;
      host.io = &io;
      host.launcher = [&pool, most = spec.evo.max_parallel_jobs] { return pool.join(most); };
      auto prepared = run::EvolutionRun::prepare(spec, std::move(host));
      if (!prepared) {
        ADD_FAILURE() << prepared.error().message;
        return ended;
      }
      const std::string name = spec.output_dir.filename().string();
      run::EvolutionRun& run = *(runs[name] = std::move(*prepared));
      if (on_prepared_) on_prepared_(run);
      run.start([&, name](run::RunSummary summary) {
        ended[name] = std::move(summary);
        boost::asio::post(io, [&, name] {
          runs.erase(name);
          if (runs.empty()) pool.close(std::chrono::seconds(1), [&io] { io.stop(); });
        });
      });
    }
    io.run();
    EXPECT_EQ(ended.size(), specs.size());
    return ended;
  }

  std::string dump(const std::string& name) {
    const auto reader = value_or_throw(store::StoreReader::open(dir_.path() / name / "run.sqlite"));
    return value_or_throw(reader->canonical_dump());
  }

  TempDir dir_{"hosted"};
  nlohmann::json options_{
      {"evaluator_command", "toy {program_path}"}, {"run_time", "1ms"}, {"target", 3}};
  std::function<void(run::EvolutionRun&)> on_prepared_;
};

TEST_F(HostedRunsTest, EachIsTheRunThatItWouldBeAlone) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const std::string name = "alone" + std::to_string(seed);
    auto alone = run::EvolutionRun::prepare(spec(name, seed, 1));
    ASSERT_TRUE(alone) << alone.error().message;
    EXPECT_EQ((*alone)->run().reason, StopReason::generations);
  }
  const auto ended =
      together({spec("shared1", 1, 1), spec("shared2", 2, 1), spec("shared3", 3, 1)}, 2);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    EXPECT_EQ(ended.at("shared" + std::to_string(seed)).reason, StopReason::generations);
    EXPECT_EQ(dump("shared" + std::to_string(seed)), dump("alone" + std::to_string(seed)));
  }
  EXPECT_NE(dump("shared1"), dump("shared2"));
}

TEST_F(HostedRunsTest, OneThatFailsLeavesTheOthersAlone) {
  // The first job fails, whichever run's seed it is: their stores commit in any order.
  options_["rules"] = {{{"from", 1}, {"to", 1}, {"exit_code", 3}}};
  const auto ended = together({spec("one", 1, 2), spec("other", 2, 2)}, 2);
  const bool first_failed = ended.at("one").reason == StopReason::seed_failed;
  EXPECT_EQ(ended.at(first_failed ? "one" : "other").reason, StopReason::seed_failed);
  EXPECT_EQ(ended.at(first_failed ? "other" : "one").reason, StopReason::generations);
  EXPECT_EQ(ended.at(first_failed ? "other" : "one").status.generation, 40);
}

TEST_F(HostedRunsTest, AStoppedRunGoesOnLaterOverAnotherPool) {
  options_["run_time"] = "20ms";
  options_["prepares_ahead"] = true;
  StopAfter observer;
  on_prepared_ = [&observer](run::EvolutionRun& run) { observer.watch(run); };
  for (const auto& [name, summary] : together({spec("a", 1, 2), spec("b", 2, 2)}, 2)) {
    EXPECT_EQ(summary.reason, StopReason::interrupted);
    EXPECT_LT(summary.status.generation, 40);
    EXPECT_EQ(summary.status.retries, 0) << "what had not begun is taken back, not tried again";
  }
  EXPECT_FALSE(value_or_throw(run::is_finished(spec("a", 1, 2))));
  on_prepared_ = nullptr;
  for (const auto& [name, summary] : together({spec("a", 1, 2), spec("b", 2, 2)}, 3)) {
    EXPECT_EQ(summary.reason, StopReason::generations) << summary.message;
    EXPECT_EQ(summary.status.generation, 40);
  }
  EXPECT_TRUE(value_or_throw(run::is_finished(spec("a", 1, 2))));
  run::RunSpec other = spec("a", 1, 2);
  other.evo.num_generations = 41;
  ASSERT_FALSE(run::is_finished(other));
  EXPECT_EQ(run::is_finished(other).error().kind, ErrorKind::conflict);
}

TEST_F(HostedRunsTest, AnAbortEndsEverythingAtOnce) {
  options_["never_ends"] = true;
  on_prepared_ = [](run::EvolutionRun& run) {
    run.request_stop();
    run.request_stop();
  };
  for (const auto& [name, summary] : together({spec("a", 1, 2), spec("b", 2, 2)}, 2)) {
    EXPECT_EQ(summary.reason, StopReason::aborted);
  }
}

}  // namespace
}  // namespace genesis
