// Every preset of ShinkaEvolve and Genesis (Python) composes and binds, and what of it has no
// effect here is named, each key once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/cli/compose_run.h"
#include "launch/registry.h"

namespace genesis::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class PresetsTest : public testing::TestWithParam<const char*> {
 protected:
  PresetsTest() {
    launch::register_builtin_backends();
    const fs::path recorded =
        fs::path(GENESIS_SOURCE_DIR) / "tests/golden/presets" / (std::string(GetParam()) + ".json");
    presets_ = json::parse(value_or_throw(read_file(recorded))).at("files");
    for (const auto& [name, body] : presets_.items()) {
      const fs::path file = dir_.path() / (name + ".yaml");
      EXPECT_TRUE(make_directories(file.parent_path()));
      EXPECT_TRUE(write_file(file, body.dump()));  // JSON is YAML
    }
  }

  std::vector<std::string> options_of(const std::string& group) const {
    std::vector<std::string> options;
    for (const auto& [name, unused] : presets_.items()) {
      if (name.starts_with(group + "/")) options.push_back(name.substr(group.size() + 1));
    }
    return options;
  }
  const json& preset(const std::string& group, const std::string& option) const {
    return presets_.at(group + "/" + option);
  }

  Result<run::RunSpec> launch(std::vector<std::string> overrides,
                              const std::string& main_file = "config") {
    LaunchArguments arguments;
    arguments.config_path = dir_.path().string();
    arguments.config_name = main_file;
    arguments.overrides = std::move(overrides);
    auto request = compose_request(arguments);
    if (!request) return tl::unexpected<Error>(request.error());
    auto composition = compose_run(*request);
    if (!composition) return tl::unexpected<Error>(composition.error());
    return bind_composition(*composition);
  }

  TempDir dir_;
  json presets_;
};

/// Times that a whole word occurs in a text.
int mentions(const std::string& text, const std::string& key) {
  int count = 0;
  for (const std::string_view line : split_lines(text)) {
    for (std::string_view word : split(line, ' ')) {
      while (!word.empty() && word.back() == ',') word.remove_suffix(1);
      if (word == key) ++count;
    }
  }
  return count;
}

void expect_each_inert_key_once(const run::RunSpec& spec) {
  const std::string notice = run::inert_notice(spec.inert);
  for (const run::InertSetting& setting : spec.inert) {
    EXPECT_EQ(mentions(notice, setting.key), 1) << setting.key << "\n" << notice;
    EXPECT_FALSE(setting.why.empty());
  }
}

/// A cluster of theirs that takes another launcher's settings than the task's job type: an error in
/// their own programs too.
bool contradicts_itself(const json& task, const std::string& cluster) {
  if (task["evo_config"]["job_type"] != "local") return false;
  const auto target = task["distributed_job_config"]["_target_"].get<std::string>();
  return cluster == "gcp" || (cluster == "remote" && target.ends_with("SlurmCondaJobConfig"));
}

TEST_P(PresetsTest, EveryCombinationBinds) {
  int bound = 0;
  for (const std::string& database : options_of("database")) {
    for (const std::string& evolution : options_of("evolution")) {
      for (const std::string& task : options_of("task")) {
        for (const std::string& cluster : options_of("cluster")) {
          const auto spec =
              launch({"variant=default", "database=" + database, "evolution=" + evolution,
                      "task=" + task, "cluster=" + cluster});
          const std::string name = database + " " + evolution + " " + task + " " + cluster;
          if (contradicts_itself(preset("task", task), cluster)) {
            ASSERT_FALSE(spec) << name;
            EXPECT_THAT(spec.error().message, HasSubstr("job_")) << name;
            continue;
          }
          ASSERT_TRUE(spec) << name << ": " << spec.error().message;
          ++bound;
          const json& db = preset("database", database)["db_config"];
          const json& evo = preset("evolution", evolution)["evo_config"];
          EXPECT_EQ(spec->db.num_islands, db["num_islands"]) << name;
          EXPECT_EQ(spec->db.archive_size, db["archive_size"]) << name;
          EXPECT_EQ(spec->evo.num_generations, evo["num_generations"]) << name;
          const json language = preset("task", task)["evo_config"]["language"];
          EXPECT_EQ(spec->evo.language, language.get<std::string>()) << name;
          EXPECT_EQ(spec->task, preset("task", task)["exp_name"].get<std::string>()) << name;
          expect_each_inert_key_once(*spec);
        }
      }
    }
  }
  EXPECT_GT(bound, 30);
}

TEST_P(PresetsTest, EveryVariantBinds) {
  for (const std::string& variant : options_of("variant")) {
    const auto spec = launch({"variant=" + variant});
    ASSERT_TRUE(spec) << variant << ": " << spec.error().message;
    expect_each_inert_key_once(*spec);
    const std::string notice = run::inert_notice(spec->inert);
    EXPECT_EQ(mentions(notice, "evo_config.llm_models"), 1) << notice;
    EXPECT_EQ(mentions(notice, "db_config.db_path"), 1) << notice;
  }
}

INSTANTIATE_TEST_SUITE_P(Systems, PresetsTest, testing::Values("shinka", "genesis_python"));

class ShinkaPresets : public PresetsTest {};
INSTANTIATE_TEST_SUITE_P(Shinka, ShinkaPresets, testing::Values("shinka"));

TEST_P(ShinkaPresets, EvaluationJobsAreParallelJobs) {
  const auto small = launch({"evolution=small_budget"});
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_EQ(small->evo.max_parallel_jobs, 1);
  EXPECT_EQ(launch({"evolution=large_budget"})->evo.max_parallel_jobs, 6);
  const auto both = launch({"evolution=large_budget", "+evo_config.max_parallel_jobs=3"});
  ASSERT_TRUE(both);
  EXPECT_EQ(both->evo.max_parallel_jobs, 3);
  EXPECT_EQ(mentions(run::inert_notice(both->inert), "max_evaluation_jobs"), 1);
}

TEST_P(ShinkaPresets, AFileOfShinkaRunBinds) {
  const auto spec = launch({}, "shinka_small");
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->output_dir, "results/results_circle_async_small");
  EXPECT_EQ(spec->evo.max_parallel_jobs, 2);
  EXPECT_EQ(spec->db.island_selection_strategy, IslandSelection::equal);
  expect_each_inert_key_once(*spec);
  const std::string notice = run::inert_notice(spec->inert);
  for (const char* key : {"db_config.archive_selection_strategy", "db_config.archive_criteria",
                          "db_config.enable_dynamic_islands", "evo_config.evolve_prompts",
                          "evo_config.max_api_costs", "max_proposal_jobs"}) {
    EXPECT_EQ(mentions(notice, key), 1) << key << "\n" << notice;
  }
}

TEST_P(ShinkaPresets, SeedsThatGetMarkersAndVariablesAreTakenWithANotice) {
  const auto spec = launch({"task=novelty_generator"});
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->evo.init_program_path, "examples/novelty_generator/initial.py");
  const std::string notice = run::inert_notice(spec->inert);
  EXPECT_EQ(mentions(notice, "evo_config.init_program_path._target_"), 1) << notice;
  EXPECT_EQ(mentions(notice, "novelty_generator_number_of_samples"), 1) << notice;
}

TEST_P(ShinkaPresets, WhatCannotBeIsRefusedWithWhatToUse) {
  const auto beam = launch({"db_config.parent_selection_strategy=beam_search"});
  ASSERT_FALSE(beam);
  EXPECT_THAT(beam.error().message, HasSubstr("power_law with exploitation_alpha=100"));
  const auto endless = launch({"evo_config.num_generations=null"});
  ASSERT_FALSE(endless);
  EXPECT_THAT(endless.error().message, HasSubstr("max_evaluations or max_wall_time"));
  const auto written = launch({"evo_config.init_program_path=null"});
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("no program to start from"));
}

}  // namespace
}  // namespace genesis::cli
