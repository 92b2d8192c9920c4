#include "launch/common_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace genesis::launch {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

EvaluationOptions read(const json& options, EvaluationOptions defaults = {}) {
  OptionReader reader(options, "job_config");
  EvaluationOptions result = read_common_options(reader, std::move(defaults));
  reader.finish();
  return result;
}

std::string refusal(const json& options) {
  try {
    read(options);
  } catch (const OptionException& error) {
    return error.what();
  }
  return "accepted";
}

TEST(CommonOptions, DefaultsStay) {
  const auto options = read(json::object());
  EXPECT_EQ(options.eval_program_path, "evaluate.py");
  EXPECT_EQ(options.limits.wall_time, std::nullopt);
  EXPECT_EQ(options.limits.kill_grace, 2s);
  EXPECT_EQ(options.resources.cpus, 1);
  EXPECT_EQ(json::parse(options.extra_cmd_args_json), json::object());
}

TEST(CommonOptions, ReadsHowAFunctionIsCalled) {
  const auto usual = read(json::object());
  EXPECT_EQ(usual.form, EvaluatorForm::automatic);
  EXPECT_TRUE(usual.cascade_evaluation);
  EXPECT_EQ(usual.cascade_thresholds, (std::vector<double>{0.5, 0.75, 0.9}));
  const auto options = read({{"evaluator_form", "function"},
                             {"cascade_evaluation", false},
                             {"cascade_thresholds", {1, 2.5}},
                             {"stage_timeout", "00:00:30"},
                             {"feature_dimensions", json::array()}});
  EXPECT_EQ(options.form, EvaluatorForm::function);
  EXPECT_FALSE(options.cascade_evaluation);
  EXPECT_EQ(options.cascade_thresholds, (std::vector<double>{1, 2.5}));
  EXPECT_EQ(options.stage_timeout, 30s);
  EXPECT_TRUE(options.feature_dimensions.empty());
  EXPECT_EQ(read({{"evaluate_function", {{"_target_", "a.b"}, {"n", 1}}}}).evaluate_function_json,
            R"({"_target_":"a.b","n":1})");
}

TEST(CommonOptions, RefusesWhatNoFunctionCanBe) {
  EXPECT_THAT(refusal({{"evaluator_form", "functoin"}}), HasSubstr("did you mean 'function'?"));
  EXPECT_THAT(refusal({{"evaluator_form", "function"}, {"evaluator_command", "x {work}"}}),
              HasSubstr("only one of the two"));
  EXPECT_THAT(refusal({{"stage_timeout", 0}}), HasSubstr("longer than zero"));
  EXPECT_THAT(refusal({{"cascade_thresholds", 0.5}}), HasSubstr("job_config.cascade_thresholds"));
  EXPECT_THAT(refusal({{"evaluate_function", {{"program_path", "x"}}}}), HasSubstr("_target_"));
}

TEST(CommonOptions, GivenDefaultsStayWhereTheKeyIsAbsent) {
  EvaluationOptions defaults;
  defaults.limits.wall_time = 1h;
  defaults.extra_cmd_args_json = R"({"fast": true})";
  const auto options = read({{"cpus", 2}}, defaults);
  EXPECT_EQ(options.limits.wall_time, 1h);
  EXPECT_EQ(json::parse(options.extra_cmd_args_json), json({{"fast", true}}));
  EXPECT_EQ(read({{"time", nullptr}}, defaults).limits.wall_time, std::nullopt);
}

TEST(CommonOptions, ReadsEveryKey) {
  const auto options = read({{"_target_", "genesis.launch.LocalJobConfig"},
                             {"eval_program_path", "e.py"},
                             {"evaluator_command", "run {program_path} {results_dir}"},
                             {"extra_cmd_args", {{"seed", 3}, {"fast", true}}},
                             {"time", "00:05:00"},
                             {"conda_env", "torch"},
                             {"activate_script", nullptr},
                             {"python_executable", "python3.11"},
                             {"numeric_threads_per_job", 2},
                             {"env_vars", {{"A", "1"}, {"B", 2}}},
                             {"memory", "2G"},
                             {"cpu_time", 30},
                             {"pids", 64},
                             {"file_size", "10M"},
                             {"cpus", 4},
                             {"gpus", 1},
                             {"kill_grace", "500ms"},
                             {"isolation", "none"}});
  EXPECT_EQ(options.eval_program_path, "e.py");
  EXPECT_EQ(options.evaluator_command, "run {program_path} {results_dir}");
  EXPECT_EQ(json::parse(options.extra_cmd_args_json), json({{"seed", 3}, {"fast", true}}));
  EXPECT_EQ(options.limits.wall_time, 5min);
  EXPECT_EQ(options.conda_env, "torch");
  EXPECT_EQ(options.activate_script, "");
  EXPECT_EQ(options.python_executable, "python3.11");
  EXPECT_EQ(options.numeric_threads_per_job, 2);
  EXPECT_THAT(options.env_vars,
              testing::ElementsAre(testing::Pair("A", "1"), testing::Pair("B", "2")));
  EXPECT_EQ(options.limits.memory_bytes, std::uint64_t{2} << 30);
  EXPECT_EQ(options.limits.cpu_time, 30s);
  EXPECT_EQ(options.limits.processes, 64u);
  EXPECT_EQ(options.limits.file_bytes, std::uint64_t{10} << 20);
  EXPECT_EQ(options.resources.cpus, 4);
  EXPECT_EQ(options.resources.gpus, 1);
  EXPECT_EQ(options.limits.kill_grace, 500ms);
}

TEST(CommonOptions, MemIsAnotherNameOfMemory) {
  EXPECT_EQ(read({{"mem", "8G"}}).limits.memory_bytes, std::uint64_t{8} << 30);
  EXPECT_THAT(refusal({{"mem", "8G"}, {"memory", "8G"}}), testing::HasSubstr("job_config.mem"));
}

struct Bad {
  json options;
  std::string key;  ///< What the message must begin with.
};
class CommonOptionsRefuse : public testing::TestWithParam<Bad> {};

TEST_P(CommonOptionsRefuse, WithTheKeyInFront) {
  EXPECT_THAT(refusal(GetParam().options), testing::StartsWith(GetParam().key + ": "));
}

INSTANTIATE_TEST_SUITE_P(
    Launch, CommonOptionsRefuse,
    testing::Values(
        Bad{{{"cpus", 0}}, "job_config.cpus"}, Bad{{{"gpus", -1}}, "job_config.gpus"},
        Bad{{{"cpus", "two"}}, "job_config.cpus"}, Bad{{{"time", 0}}, "job_config.time"},
        Bad{{{"time", "-5"}}, "job_config.time"}, Bad{{{"time", "1:2:3:4"}}, "job_config.time"},
        Bad{{{"memory", 0}}, "job_config.memory"}, Bad{{{"memory", "much"}}, "job_config.memory"},
        Bad{{{"pids", 0}}, "job_config.pids"}, Bad{{{"pids", -3}}, "job_config.pids"},
        Bad{{{"numeric_threads_per_job", 0}}, "job_config.numeric_threads_per_job"},
        Bad{{{"eval_program_path", ""}}, "job_config.eval_program_path"},
        Bad{{{"extra_cmd_args", {1, 2}}}, "job_config.extra_cmd_args"},
        Bad{{{"extra_cmd_args", {{"a", {{"b", 1}}}}}}, "job_config.extra_cmd_args"},
        Bad{{{"env_vars", {{"A=B", "1"}}}}, "job_config.env_vars"},
        Bad{{{"env_vars", {{"", "1"}}}}, "job_config.env_vars"},
        Bad{{{"env_vars", {{"A", std::string("x\0y", 3)}}}}, "job_config.env_vars"},
        Bad{{{"conda_env", "a"}, {"activate_script", "b"}}, "job_config.activate_script"},
        Bad{{{"isolation", "sandbox"}}, "job_config.isolation"},
        Bad{{{"isolation", "jail"}}, "job_config.isolation"},
        Bad{{{"tiem", 3}}, "job_config.tiem"}));

}  // namespace
}  // namespace genesis::launch
