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
  config["surprise"] = {{"a", 1}};
  EXPECT_EQ(failure(config), "surprise: unknown key");
  config = valid();
  config["sead"] = 1;
  EXPECT_EQ(failure(config), "sead: unknown key, did you mean 'seed'?");
}

// Presets of the Python systems keep values at the top level for others to refer to.
TEST(BindRunSpec, PlainValuesAtTheTopLevelAreVariablesAndNamed) {
  json config = valid();
  config["number_of_samples"] = 20;
  const RunSpec spec = bind_run_spec(config);
  ASSERT_EQ(spec.inert.size(), 1u);
  EXPECT_EQ(spec.inert[0].key, "number_of_samples");
}

TEST(BindRunSpec, SeedsAreAPathAListOrAMarkedCopy) {
  json config = valid();
  config["evo_config"]["init_program_path"] = {"a.py", "b.py"};
  EXPECT_EQ(bind_run_spec(config).evo.init_program_paths,
            (std::vector<std::string>{"a.py", "b.py"}));
  config["evo_config"]["init_program_path"] = {"a.py"};
  EXPECT_EQ(bind_run_spec(config).evo.init_program_path, "a.py");
  config["evo_config"]["init_program_paths"] = {"c.py", "d.py"};
  EXPECT_EQ(bind_run_spec(config).evo.init_program_paths,
            (std::vector<std::string>{"c.py", "d.py"}));
  config = valid();
  config["evo_config"]["init_program_path"] = {{"_target_", "x"}, {"initial_file_path", "e.py"}};
  EXPECT_EQ(bind_run_spec(config).evo.init_program_path, "e.py");
  config["evo_config"]["init_program_path"] = {{"_target_", "x"}};
  EXPECT_NE(failure(config).find("'initial_file_path'"), std::string::npos);
  config["evo_config"]["init_program_path"] = 7;
  EXPECT_NE(failure(config).find("evo_config.init_program_path"), std::string::npos);
}

TEST(BindRunSpec, AWarmStartNeedsNoSeed) {
  json config = valid();
  config["evo_config"]["init_program_path"] = nullptr;
  EXPECT_NE(failure(config).find("no program to start from"), std::string::npos);
  config["evo_config"]["warm_start"] = "old";
  config["evo_config"]["warm_start_top"] = 0;
  config["evo_config"]["warm_start_trust_scores"] = true;
  const RunSpec spec = bind_run_spec(config);
  EXPECT_EQ(spec.evo.init_program_path, "");
  EXPECT_EQ(spec.evo.warm_start, std::vector<std::string>{"old"});
  EXPECT_EQ(spec.evo.warm_start_top, 0);
  EXPECT_TRUE(spec.evo.warm_start_trust_scores);
  config["evo_config"]["warm_start_top"] = -1;
  EXPECT_NE(failure(config).find("warm_start_top"), std::string::npos);
}

TEST(BindRunSpec, TheFilesOfShinkaRunHaveShortNames) {
  json config{{"evo", {{"num_generations", 7}, {"results_dir", "results/y"}}},
              {"db", {{"num_islands", 3}}},
              {"job", {{"time", "00:01:00"}}},
              {"max_evaluation_jobs", 5}};
  const RunSpec spec = bind_run_spec(config);
  EXPECT_EQ(spec.evo.num_generations, 7);
  EXPECT_EQ(spec.evo.max_parallel_jobs, 5);
  EXPECT_EQ(spec.db.num_islands, 3);
  EXPECT_EQ(spec.output_dir, "results/y");
  config["evo_config"] = {{"num_generations", 8}};
  EXPECT_NE(failure(config).find("give only one of the two"), std::string::npos);
}

TEST(BindRunSpec, EvaluateFunctionStandsForEvalHydra) {
  json config = valid();
  config["evaluate_function"] = {
      {"_target_", "a.b"}, {"program_path", "?\?\?"}, {"results_dir", "?\?\?"}, {"n", 1}};
  config["job_config"]["eval_program_path"] = "shinka/eval_hydra.py";
  EXPECT_EQ(json::parse(bind_run_spec(config).job.options_json)["evaluate_function"],
            json({{"_target_", "a.b"}, {"n", 1}}));
  config["job_config"]["eval_program_path"] = "mine.py";
  const RunSpec spec = bind_run_spec(config);
  EXPECT_FALSE(json::parse(spec.job.options_json).contains("evaluate_function"));
  ASSERT_EQ(spec.inert.size(), 1u);
  EXPECT_EQ(spec.inert[0].key, "evaluate_function");
}

TEST(InertNotice, OneLinePerReason) {
  EXPECT_EQ(inert_notice({}), "");
  EXPECT_EQ(inert_notice({{"a", "one"}, {"b", "two"}, {"c", "one"}}),
            "no effect: a, c (one)\nno effect: b (two)\n");
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

TEST(ConfigJsonOf, KeepsWhatARunStartsFrom) {
  RunSpec spec = bind_run_spec(valid());
  spec.evo.init_program_paths = {"a.py", "b.py"};
  spec.evo.warm_start = {"old"};
  spec.evo.warm_start_top = 3;
  spec.evo.warm_start_trust_scores = true;
  const RunSpec again = bind_run_spec(json::parse(config_json_of(spec)));
  EXPECT_EQ(again.evo.init_program_paths, spec.evo.init_program_paths);
  EXPECT_EQ(again.evo.warm_start, spec.evo.warm_start);
  EXPECT_EQ(again.evo.warm_start_top, 3);
  EXPECT_TRUE(again.evo.warm_start_trust_scores);
}

}  // namespace
}  // namespace genesis::run
