#include "genesis/cli/sweep_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/base/files.h"
#include "genesis/cli/sweep_jobs.h"
#include "launch/registry.h"

namespace genesis::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SweepPlanTest : public testing::Test {
 protected:
  void SetUp() override {
    launch::register_builtin_backends();
    write("config.yaml",
          "defaults:\n- _self_\n- task@_global_: one\nseed: 0\nexp_name: t\nvariant_suffix: ''\n"
          "output_dir: results/${exp_name}${variant_suffix}\nevo_config:\n  num_generations: 5\n"
          "job_config:\n  _target_: x.LocalJobConfig\nsweep:\n  share_pool: false\n"
          "hydra:\n  sweep:\n    dir: ${output_dir}\n");
    write("task/one.yaml", "exp_name: one\n");
    write("task/two.yaml", "exp_name: two\n");
  }
  void write(const std::string& name, std::string_view text) {
    const fs::path path = folder_.path() / name;
    ASSERT_TRUE(make_directories(path.parent_path()));
    ASSERT_TRUE(write_file(path, text));
  }
  Result<SweepPlan> plan(std::vector<std::string> overrides) {
    config::ComposeRequest request;
    request.config_dirs = {folder_.path()};
    request.overrides = std::move(overrides);
    return plan_sweep(request);
  }
  std::string problem(std::vector<std::string> overrides) {
    const auto made = plan(std::move(overrides));
    if (made) return "accepted";
    EXPECT_EQ(made.error().kind, ErrorKind::invalid_argument);
    return made.error().message;
  }
  std::vector<std::string> titles(std::vector<std::string> overrides) {
    std::vector<std::string> found;
    const auto made = plan(std::move(overrides));
    EXPECT_TRUE(made) << made.error().message;
    for (const SweepEntry& entry : made->entries) found.push_back(entry.title);
    return found;
  }

  TempDir folder_{"sweep-plan"};
};

TEST_F(SweepPlanTest, ThreeWaysToNameTheFolder) {
  const fs::path here = fs::current_path();
  EXPECT_EQ(plan({"seed=1,2", "output_dir=/tmp/s"})->folder, fs::path("/tmp/s"));
  EXPECT_EQ(plan({"seed=1,2", "hydra.sweep.dir=/tmp/h/"})->folder, fs::path("/tmp/h"));
  EXPECT_EQ(plan({"seed=1,2"})->folder, here / "results/one");
  EXPECT_THAT(problem({"seed=1,2", "output_dir=a", "hydra.sweep.dir=b"}),
              HasSubstr("both name the sweep's folder"));
  // Whatever a job's own configuration makes of it, the folder is one.
  const auto tasks = plan({"task@_global_=one,two", "output_dir=/tmp/s"});
  ASSERT_TRUE(tasks) << tasks.error().message;
  EXPECT_EQ(tasks->entries[0].folder, fs::path("/tmp/s/0"));
  EXPECT_EQ(tasks->entries[1].folder, fs::path("/tmp/s/1"));
  EXPECT_EQ(compose_entry(*tasks, tasks->entries[1])->spec.task, "two");
}

TEST_F(SweepPlanTest, TheSubdirNamesTheJobsFolders) {
  const auto made =
      plan({"seed=1,2", "output_dir=/tmp/s", "hydra.sweep.subdir=${hydra.job.override_dirname}",
            "hydra.job.config.override_dirname.exclude_keys=[output_dir]"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->entries[0].folder, fs::path("/tmp/s/seed=1"));
  const auto run = compose_entry(*made, made->entries[1]);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->spec.output_dir, fs::path("/tmp/s/seed=2"));
  EXPECT_EQ(run->spec.seed, 2u);
}

TEST_F(SweepPlanTest, TitlesShowWhatDiffers) {
  EXPECT_THAT(titles({"seed=1,2", "evo_config.num_generations=7"}),
              ElementsAre("seed=1", "seed=2"));
  EXPECT_THAT(titles({"task@_global_=one,two", "seed=3"}), ElementsAre("task=one", "task=two"));
  EXPECT_THAT(titles({"seed=4", "exp_name=x"}), ElementsAre("seed=4 exp_name=x"));
}

TEST_F(SweepPlanTest, ASweepThatCannotRunIsRefusedAsAWhole) {
  EXPECT_THAT(problem({"seed=range(0)"}), HasSubstr("no jobs: nothing matches 'seed=range(0)'"));
  EXPECT_THAT(problem({"task@_global_=glob(z*)"}), HasSubstr("no jobs"));
  EXPECT_THAT(problem({"output_dir=a,b"}), HasSubstr("cannot be swept over"));
  EXPECT_THAT(problem({"sweep.share_pool=true,false"}), HasSubstr("cannot be swept over"));
  EXPECT_THAT(problem({"seed=1,2", "hydra.sweep.subdir=same"}),
              HasSubstr("jobs 0 and 1 would share the folder"));
  EXPECT_THAT(problem({"seed=1", "hydra.sweep.subdir=''"}), HasSubstr("the folder of the sweep"));
  EXPECT_THAT(problem({"seed=1,x"}), HasSubstr("job 1 (seed=x): argument 'seed=x'"));
  EXPECT_THAT(problem({"sed=1,2"}), HasSubstr("job 0 (sed=1): argument 'sed=1'"));
  EXPECT_THAT(problem({"seed=[1"}), HasSubstr("argument 'seed=[1'"));
  EXPECT_THAT(problem({"seed=interval(1,2)"}), HasSubstr("interval()"));
}

TEST_F(SweepPlanTest, SettingsAreBoundWithTheNearestName) {
  const auto made = plan(
      {"seed=1,2", "sweep.share_pool=true", "+sweep.max_parallel_jobs=3", "+sweep.max_runs=2"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->settings.share_pool);
  EXPECT_EQ(made->settings.max_parallel_jobs, 3);
  EXPECT_EQ(made->settings.max_runs, 2);
  EXPECT_THAT(problem({"seed=1", "+sweep.max_run=2"}), HasSubstr("did you mean 'max_runs'"));
  EXPECT_THAT(problem({"seed=1", "+sweep.max_runs=0"}), HasSubstr("must be 1 or more"));
  EXPECT_THAT(problem({"seed=1", "+sweep.max_parallel_jobs=0"}), HasSubstr("between 1 and"));
}

TEST(LauncherDifferences, WhatBelongsToAJobMayDiffer) {
  const auto config = [](const char* type, const char* options) {
    launch::JobConfig made;
    made.type = type;
    made.options_json = options;
    return made;
  };
  EXPECT_THAT(launcher_differences(config("local", R"({"time": 5, "memory": "1G"})"),
                                   config("local", R"({"time": 9, "env_vars": {"A": "b"}})")),
              IsEmpty());
  EXPECT_THAT(launcher_differences(config("local", R"({"conda_env": "a", "pin_cpus": true})"),
                                   config("local", R"({"conda_env": "b", "pin_cpus": true})")),
              ElementsAre("job_config.conda_env"));
  EXPECT_THAT(launcher_differences(config("local", "{}"), config("fake", "{}")),
              ElementsAre("evo_config.job_type"));
}

}  // namespace
}  // namespace genesis::cli
