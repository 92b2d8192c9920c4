#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/base/option_reader.h"
#include "genesis/run/evolution_run.h"
#include "genesis/run/run_folder.h"

namespace genesis::run {
namespace {

using nlohmann::json;

json valid() {
  launch::register_builtin_backends();
  return json{{"evo_config", {{"num_generations", 10}}},
              {"job_config", {{"_target_", "genesis.launch.LocalJobConfig"}}},
              {"output_dir", "results/x"},
              {"exp_name", "x"}};
}

std::string failure(const json& config) {
  try {
    bind_run_spec(config);
  } catch (const OptionException& refused) {
    return refused.what();
  }
  return "";
}

TEST(BindRunSpec, TakesWhatTheYamlSays) {
  json config = valid();
  config["evo_config"]["max_wall_time"] = "01:00:00";
  config["db_config"] = {{"parent_selection_strategy", "weighted"}};
  config["results"] = {{"keep", "improvements"}};
  const RunSpec spec = bind_run_spec(config);
  EXPECT_EQ(spec.evo.num_generations, 10);
  EXPECT_EQ(spec.evo.max_wall_time, std::chrono::hours(1));
  EXPECT_EQ(spec.db.parent_selection_strategy, ParentSelection::weighted);
  EXPECT_EQ(spec.results.keep, ResultsKeep::improvements);
  EXPECT_EQ(spec.job.type, "local");
}

TEST(BindRunSpec, NamesWhatIsWrong) {
  json config = valid();
  config["evo_config"]["num_generation"] = 5;
  EXPECT_EQ(failure(config),
            "evo_config.num_generation: unknown key, did you mean 'num_generations'?");
  config = valid();
  config["evo_config"]["max_parallel_jobs"] = 0;
  EXPECT_EQ(failure(config), "evo_config.max_parallel_jobs: must be from 1 to 100000, found 0");
  config = valid();
  config["evo_config"]["language"] = "pyton";
  EXPECT_NE(failure(config).find("unknown language 'pyton', did you mean 'python'?"),
            std::string::npos);
  config = valid();
  config["evo_config"]["job_type"] = "locale";
  EXPECT_NE(
      failure(config).find("evo_config.job_type: unknown job type 'locale', did you mean 'local'?"),
      std::string::npos);
  config = valid();
  config["db_config"] = {{"parent_selection_strategy", "power_lav"}};
  EXPECT_NE(failure(config).find("did you mean 'power_law'?"), std::string::npos);
  config = valid();
  config.erase("output_dir");
  EXPECT_EQ(failure(config), "output_dir: a value must be given");
  config = valid();
  config["surprise"] = 1;
  EXPECT_EQ(failure(config), "surprise: unknown key");
}

TEST(BindRunSpec, RemembersSettingsWithoutEffectOnlyWhenTheyAreSet) {
  json config = valid();
  config["evo_config"]["llm_models"] = json::array();
  config["evo_config"]["embedding_model"] = nullptr;
  config["evo_config"]["meta_rec_interval"] = 10;
  const RunSpec spec = bind_run_spec(config);
  EXPECT_EQ(spec.evo.reserved.size(), 1u);
  EXPECT_EQ(spec.evo.reserved.at("meta_rec_interval"), "10");
}

TEST(ConfigurationDifferences, NamesKeysAndPassesOverAdjustableOnes) {
  const auto lines = configuration_differences(
      R"({"a": {"b": 1, "c": [1]}, "verbose": true, "evo_config": {"max_parallel_jobs": 1}})",
      R"({"a": {"b": 2, "d": 3}, "verbose": false, "evo_config": {"max_parallel_jobs": 8}})");
  EXPECT_EQ(lines, (std::vector<std::string>{"a.b: 1 in the run, 2 now",
                                             "a.c: [1] in the run, not set now",
                                             "a.d: not set in the run, 3 now"}));
}

TEST(ConfigJsonOf, ReadsBackAsTheSameSpec) {
  RunSpec spec = bind_run_spec(valid());
  spec.evo.patience = 7;
  spec.db.num_islands = 3;
  const RunSpec again = bind_run_spec(json::parse(config_json_of(spec)));
  EXPECT_EQ(config_json_of(again), config_json_of(spec));
  EXPECT_EQ(again.evo.patience, 7);
}

}  // namespace
}  // namespace genesis::run
