#include "genesis/config/multirun.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace genesis::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MultirunTest : public testing::Test {
 protected:
  void SetUp() override {
    write("config.yaml",
          "defaults:\n- db: a\n- _self_\nx: 1\noutput_dir: out\nlog: ${output_dir}/log\n"
          "hydra:\n  sweep:\n    dir: ${output_dir}\n");
    write("db/a.yaml", "host: h\n");
    write("db/b.yaml", "host: g\n");
  }
  void write(const std::string& name, std::string_view text) {
    const fs::path path = folder_.path() / name;
    ASSERT_TRUE(make_directories(path.parent_path()));
    ASSERT_TRUE(write_file(path, text));
  }
  ComposeRequest request(std::vector<std::string> overrides) {
    ComposeRequest made;
    made.config_dirs = {folder_.path()};
    made.overrides = std::move(overrides);
    return made;
  }

  TempDir folder_;
};

TEST_F(MultirunTest, TheCommandLineAndTheConfigurationDecideTheMode) {
  ComposeRequest plain = request({"x=2"});
  EXPECT_EQ(decide_run_mode(plain, false), RunMode::run);
  EXPECT_THAT(plain.overrides, ElementsAre("x=2", "hydra.mode=RUN"));
  ComposeRequest flagged = request({"x=2,3"});
  EXPECT_EQ(decide_run_mode(flagged, true), RunMode::multirun);
  EXPECT_THAT(flagged.overrides, ElementsAre("x=2,3", "hydra.mode=MULTIRUN"));
  ComposeRequest asked = request({"hydra.mode=MULTIRUN"});
  EXPECT_EQ(decide_run_mode(asked, false), RunMode::multirun);
  EXPECT_THAT(asked.overrides, ElementsAre("hydra.mode=MULTIRUN"));
  ComposeRequest wrong = request({"nope=2"});
  EXPECT_EQ(decide_run_mode(wrong, true), RunMode::multirun) << "the error comes later";
}

TEST_F(MultirunTest, WhatTheProgramFixesReachesEveryReference) {
  const auto plan = Multirun::plan(request({"x=1,2", "db=a,b"}));
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->jobs().size(), 4u);
  SweepPlaces places;
  places.sweep_dir = (folder_.path() / "sweep").string();
  places.folder_key = "output_dir";
  const auto job = plan->compose_job(plan->jobs()[3], places);
  ASSERT_TRUE(job) << job.error().message;
  const nlohmann::json& config = *job->resolved();
  const std::string folder = (folder_.path() / "sweep/3").string();
  EXPECT_EQ(config["x"], nlohmann::json(2));
  EXPECT_EQ(config["db"]["host"], nlohmann::json("g"));
  EXPECT_EQ(config["output_dir"], nlohmann::json(folder));
  EXPECT_EQ(config["log"], nlohmann::json(folder + "/log"));
  EXPECT_EQ(*job->text_value("hydra.sweep.dir"), places.sweep_dir);
  EXPECT_EQ(*job->text_value("hydra.runtime.output_dir"), folder);
}

TEST_F(MultirunTest, WritesTheSweepsOwnConfiguration) {
  const auto plan = Multirun::plan(request({"x=1,2", "hydra.mode=MULTIRUN"}));
  ASSERT_TRUE(plan);
  ASSERT_TRUE(plan->write_multirun_yaml(folder_.path() / "s"));
  const auto text = read_file(folder_.path() / "s/multirun.yaml");
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("  mode: MULTIRUN\n"));
  EXPECT_THAT(*text, HasSubstr("    - x=1,2\n"));
  EXPECT_THAT(*text, HasSubstr("\nx: 1\n"));
}

TEST_F(MultirunTest, RefusesWhatIsNotASweep) {
  const auto problem = [this](std::vector<std::string> overrides) {
    const auto plan = Multirun::plan(request(std::move(overrides)));
    return plan ? std::string("accepted") : plan.error().message;
  };
  EXPECT_THAT(problem({"hydra.job.name=a,b"}), HasSubstr("cannot be swept over"));
  EXPECT_THAT(problem({"hydra.sweeper.max_batch_size=0"}), HasSubstr("1 or more"));
  EXPECT_THAT(problem({"hydra.sweeper._target_=mine.Sweeper"}), HasSubstr("basic sweeper"));
  EXPECT_THAT(problem({"hydra.mode=maybe"}), HasSubstr("RUN or MULTIRUN"));
  EXPECT_THAT(problem({"zz=1,2"}), HasSubstr("accepted")) << "each job says it, with its number";
}

}  // namespace
}  // namespace genesis::config
