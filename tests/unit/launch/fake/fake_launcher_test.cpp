#include "launch/fake/fake_launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "genesis/base/files.h"

namespace genesis::launch {
namespace {

using namespace std::chrono_literals;

class FakeLauncherTest : public testing::Test {
 protected:
  void open(const char* options) {
    LauncherContext context;
    context.io = &io;
    context.max_parallel_jobs = 2;
    auto manual = std::make_unique<ManualScheduler>();
    hands = manual.get();
    launcher =
        make_fake_launcher(context, read_fake_options(nlohmann::json::parse(options), "job_config"),
                           std::move(manual));
    ASSERT_TRUE(launcher->open([this](Event event) {
      if (auto* end = std::get_if<Finished>(&event)) finished = std::move(*end);
    }));
  }

  void run(std::chrono::milliseconds span = 1ms) {
    hands->advance(span);
    io.restart();
    io.run();
  }

  static JobSpec job(std::string program) {
    JobSpec spec;
    spec.token = "t1";
    spec.argv = {"python3", "evaluate.py", "--program_path", "{work}/main.py"};
    spec.inputs.push_back({"other.py", "1000", std::nullopt});
    spec.inputs.push_back({"main.py", std::move(program), std::nullopt});
    return spec;
  }

  double score() const {
    const auto& text = finished->results.inline_files.at("metrics.json");
    return nlohmann::json::parse(text).at("combined_score").get<double>();
  }

  boost::asio::io_context io;
  ManualScheduler* hands = nullptr;
  std::unique_ptr<Launcher> launcher;
  std::optional<Finished> finished;
};

TEST_F(FakeLauncherTest, ScoresTheProgramThatTheArgumentsName) {
  open(R"({"target": 3})");
  launcher->submit(job("x = 4"));
  run();
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->outcome.kind, JobOutcomeKind::exited);
  EXPECT_DOUBLE_EQ(score(), 0.5);
  EXPECT_EQ(finished->results.inline_files.at("correct.json"),
            R"({"correct": true, "error": null})");
}

TEST_F(FakeLauncherTest, TheProgramMayBeAFileOfThisMachine) {
  TempDir folder("fake");
  ASSERT_TRUE(write_file(folder.path() / "p.py", "x = 1"));
  open("{}");
  JobSpec spec = job("");
  spec.inputs.clear();
  spec.argv.back() = (folder.path() / "p.py").string();
  launcher->submit(std::move(spec));
  run();
  ASSERT_TRUE(finished.has_value());
  EXPECT_DOUBLE_EQ(score(), 0.5);
}

TEST_F(FakeLauncherTest, WithoutAProgramItCouldNotBeRun) {
  open("{}");
  JobSpec spec = job("");
  spec.inputs.clear();
  launcher->submit(std::move(spec));
  run();
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->outcome.kind, JobOutcomeKind::backend_error);
  EXPECT_THAT(finished->outcome.detail, testing::HasSubstr("no program"));
}

TEST_F(FakeLauncherTest, TheScriptMayReplaceTheResults) {
  open(R"({"files": {"metrics.json": "{\"combined"}})");
  launcher->submit(job("1"));
  run();
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->results.inline_files.at("metrics.json"), "{\"combined");
  EXPECT_FALSE(finished->results.inline_files.contains("correct.json"));
}

TEST_F(FakeLauncherTest, ResultsGoToAFolderWhenAskedFor) {
  TempDir folder("fake");
  open(R"({"results_in_folder": true})");
  JobSpec spec = job("x = 1");
  spec.work_dir = folder.path() / "evaluations/1/attempt_1";
  launcher->submit(std::move(spec));
  run();
  ASSERT_TRUE(finished.has_value());
  ASSERT_EQ(finished->results.folder, folder.path() / "evaluations/1/attempt_1/results");
  EXPECT_TRUE(finished->results.inline_files.empty());
  EXPECT_TRUE(std::filesystem::exists(*finished->results.folder / "correct.json"));
}

TEST_F(FakeLauncherTest, AFolderThatCannotBeWrittenIsABackendError) {
  TempDir folder("fake");
  ASSERT_TRUE(write_file(folder.path() / "occupied", "a file"));
  open(R"({"results_in_folder": true})");
  JobSpec spec = job("x = 1");
  spec.work_dir = folder.path() / "occupied";
  launcher->submit(std::move(spec));
  run();
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->outcome.kind, JobOutcomeKind::backend_error);
  EXPECT_THAT(finished->outcome.detail, testing::HasSubstr("occupied"));
}

TEST_F(FakeLauncherTest, CloseForgetsItsTimers) {
  open(R"({"run_time": "1h"})");
  launcher->submit(job("1"));
  run();
  bool closed = false;
  launcher->close(1s, [&] { closed = true; });
  EXPECT_EQ(hands->pending(), 0u);
  run();
  EXPECT_TRUE(closed);
  EXPECT_EQ(finished->outcome.kind, JobOutcomeKind::cancelled);
}

TEST_F(FakeLauncherTest, DeclaresWhatTheScriptSays) {
  open(R"({"effects_outside_machine": true, "reattach": "gone"})");
  EXPECT_TRUE(launcher->capabilities().effects_outside_machine);
  EXPECT_FALSE(launcher->capabilities().survives_runner);
}

}  // namespace
}  // namespace genesis::launch
