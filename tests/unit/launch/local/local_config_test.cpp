#include "launch/local/local_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/base/option_reader.h"

namespace genesis::launch {
namespace {

using nlohmann::json;

std::string refusal(const json& options) {
  try {
    bind_local_options(options, "job_config");
  } catch (const OptionException& refused) {
    return refused.what();
  }
  return "";
}

TEST(LocalConfig, TheStructReadsBackAsItself) {
  LocalJobConfig config;
  config.eval_program_path = "score.py";
  config.time = std::chrono::milliseconds{1500};
  config.memory = 1 << 30;
  config.pids = 7;
  config.env_passthrough = {"NCCL_*"};
  config.env_vars = {{"A", "b"}};
  config.extra_cmd_args = {{"seed", "1"}};
  config.pin_cpus = true;
  const JobConfig erased = config;
  EXPECT_EQ(erased.type, "local");
  const LocalBindings bound = bind_local_options(json::parse(erased.options_json), "job_config");
  EXPECT_EQ(bound.evaluation.eval_program_path, "score.py");
  EXPECT_EQ(bound.evaluation.limits.wall_time, std::chrono::milliseconds{1500});
  EXPECT_EQ(bound.evaluation.limits.memory_bytes, std::uint64_t{1} << 30);
  EXPECT_EQ(bound.evaluation.limits.processes, 7u);
  EXPECT_EQ(bound.evaluation.limits.kill_grace, std::chrono::milliseconds{1500});
  EXPECT_EQ(bound.launcher.env_passthrough, config.env_passthrough);
  EXPECT_TRUE(bound.launcher.pin_cpus);
  EXPECT_EQ(bound.evaluation.env_vars, config.env_vars);
}

// What is as usual stays out: it would make runs of earlier versions other runs.
TEST(LocalConfig, TellsHowAFunctionIsCalledOnlyWhereItDiffers) {
  LocalJobConfig config;
  EXPECT_EQ(JobConfig(config).options_json.find("cascade"), std::string::npos);
  config.evaluator_form = "function";
  config.cascade_evaluation = false;
  config.cascade_thresholds = {0.1};
  config.stage_timeout = std::chrono::seconds{5};
  config.feature_dimensions = {"size"};
  const JobConfig job = config;
  const LocalBindings bound =
      bind_local_options(nlohmann::json::parse(job.options_json), "job_config");
  EXPECT_EQ(bound.evaluation.form, EvaluatorForm::function);
  EXPECT_FALSE(bound.evaluation.cascade_evaluation);
  EXPECT_EQ(bound.evaluation.cascade_thresholds, config.cascade_thresholds);
  EXPECT_EQ(bound.evaluation.stage_timeout, config.stage_timeout);
  EXPECT_EQ(bound.evaluation.feature_dimensions, config.feature_dimensions);
}

TEST(LocalConfig, ReadsWhatUsersWrite) {
  const LocalBindings bound = bind_local_options({{"_target_", "x.LocalJobConfig"},
                                                  {"time", "00:10:00"},
                                                  {"mem", "2G"},
                                                  {"conda_env", nullptr}},
                                                 "job_config");
  EXPECT_EQ(bound.evaluation.limits.wall_time, std::chrono::minutes{10});
  EXPECT_EQ(bound.evaluation.limits.memory_bytes, std::uint64_t{2} << 30);
}

TEST(LocalConfig, RefusesClearly) {
  EXPECT_NE(refusal({{"isolation", "sandbox"}}).find("isolation"), std::string::npos);
  EXPECT_NE(refusal({{"conda_env", "a"}, {"activate_script", "b"}}).find("only one"),
            std::string::npos);
  EXPECT_NE(refusal({{"env_pasthrough", json::array()}}).find("env_passthrough"),
            std::string::npos);
  EXPECT_NE(refusal({{"pin_cpus", "maybe"}}).find("job_config.pin_cpus"), std::string::npos);
}

TEST(LocalDoctor, EveryFailureHasARemedy) {
  const std::vector<DoctorLine> lines = local_doctor();
  EXPECT_GE(lines.size(), 5u);
  for (const DoctorLine& line : lines) {
    EXPECT_FALSE(line.what.empty());
    EXPECT_EQ(line.ok, line.remedy.empty()) << line.what;
  }
}

}  // namespace
}  // namespace genesis::launch
