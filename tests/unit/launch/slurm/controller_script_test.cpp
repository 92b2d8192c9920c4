#include "launch/slurm/controller_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>

#include "genesis/base/files.h"
#include "launch/slurm/batch_script.h"

namespace genesis::launch::slurm {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;

class Controller : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/controllerXXXXXX";
    folder_ = ::mkdtemp(name.data());
    plan_.run_folder = folder_ / "it's $(touch x) a run%j\n";
    plan_.cwd = folder_;
    plan_.name = "genesis-0123456789ab-controller";
    plan_.launcher = "/bin/sh";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Runs the script as its node would, with another launcher; its exit code.
  int run() {
    const auto script = folder_ / "job.sh";
    EXPECT_TRUE(write_file(script, controller_script(plan_)));
    const std::string command = "cd " + folder_.string() +
                                " && SLURM_JOB_ID=7 PATH=" + folder_.string() +
                                ":$PATH bash job.sh >said 2>&1";
    const int code = std::system(command.c_str());
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
  }
  std::string said() { return read_file(folder_ / "said", 1 << 16).value_or(""); }
  std::string log() {
    return read_file(ControllerPlaces(plan_.run_folder).log(), 1 << 16).value_or("");
  }
  void stub_sbatch(const std::string& course) {
    const auto stub = folder_ / "sbatch";
    ASSERT_TRUE(write_file(stub, "#!/bin/bash\n" + course));
    std::filesystem::permissions(stub, std::filesystem::perms::all);
  }

  std::filesystem::path folder_;
  ControllerPlan plan_;
};

TEST_F(Controller, ArgumentsReachTheLauncherAsTheyAre) {
  plan_.launcher = "/usr/bin/printf";
  plan_.arguments = {"<%s>", "a b", "$(touch y)", "it's", "-n", "x\ny", "\\", ""};
  EXPECT_EQ(run(), 0) << said();
  EXPECT_EQ(log(), "<a b><$(touch y)><it's><-n><x\ny><\\><>");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "x"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "y"));
}

TEST_F(Controller, TheRunsOwnEndIsTheJobs) {
  for (const int code : {0, 1, 4, 130}) {
    plan_.arguments = {"-c", "exit " + std::to_string(code)};
    EXPECT_EQ(run(), code) << said();
  }
}

TEST_F(Controller, AtTheSignalTheNextJobIsSubmittedWithTheSameWordsAndWaitsForThisOne) {
  stub_sbatch("printf '%s|' \"$@\" >" + folder_.string() + "/words; env >" + folder_.string() +
              "/env; echo 8\n");
  plan_.sbatch_args = {"--comment=it's"};
  // The runner drains at TERM, and has the script told that its time comes.
  plan_.arguments = {"-c", "trap 'exit 130' TERM; kill -USR1 $PPID; while :; do sleep 0.02; done"};
  EXPECT_EQ(run(), 0) << said();
  EXPECT_THAT(said(), HasSubstr("goes on as job 8"));
  const auto words = read_file(folder_ / "words", 1 << 16).value_or("");
  EXPECT_THAT(words, HasSubstr("--dependency=afterany:7|--parsable|"));
  EXPECT_THAT(words, HasSubstr("|--comment=it's|"));
  EXPECT_THAT(read_file(folder_ / "env", 1 << 16).value_or(""),
              testing::Not(HasSubstr("SLURM_JOB_ID")));
}

TEST_F(Controller, ARunThatEndsWhileItMakesRoomGoesOnNoFurther) {
  stub_sbatch("echo 8\n");
  plan_.arguments = {"-c", "trap 'exit 0' TERM; kill -USR1 $PPID; while :; do sleep 0.02; done"};
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(said(), testing::Not(HasSubstr("goes on")));
}

TEST_F(Controller, OneThatIsStoppedGoesOnNoFurther) {
  stub_sbatch("echo 8\n");
  plan_.arguments = {
      "-c", "trap '' HUP; trap 'exit 130' TERM; kill -TERM $PPID; while :; do sleep 0.02; done"};
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(said(), testing::Not(HasSubstr("goes on")));
}

TEST_F(Controller, WhatIsAskedOfSbatch) {
  plan_.time = hours{2};
  plan_.before = seconds{90};
  plan_.partition = "long";
  const auto words = controller_sbatch(plan_);
  EXPECT_THAT(words, Contains("--time=120"));
  EXPECT_THAT(words, Contains("--signal=B:USR1@90"));
  EXPECT_THAT(words, Contains("--partition=long"));
  EXPECT_THAT(words, Contains(HasSubstr("run%%j")));
  EXPECT_THAT(words, Contains("--requeue")) << "a node that fails costs no hop";
  EXPECT_EQ(std::count_if(words.begin(), words.end(),
                          [](const std::string& word) { return word.starts_with("--account"); }),
            0);
}

TEST_F(Controller, TimesThatDoNotFitTogetherAreRefused) {
  plan_.time = minutes{1};
  plan_.before = seconds{30};
  EXPECT_TRUE(check_plan(plan_));
  plan_.before = seconds{31};
  EXPECT_FALSE(check_plan(plan_));
  plan_.before = seconds{4};
  EXPECT_FALSE(check_plan(plan_));
}

}  // namespace
}  // namespace genesis::launch::slurm
