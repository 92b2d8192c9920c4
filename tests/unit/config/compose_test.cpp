#include "genesis/config/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "genesis/config/seed_spelling.h"

namespace genesis::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ComposeTest : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) {
    const fs::path path = folder_.path() / name;
    ASSERT_TRUE(make_directories(path.parent_path()));
    ASSERT_TRUE(write_file(path, text));
  }
  Result<Composition> run(std::vector<std::string> overrides) {
    ComposeRequest request;
    request.config_dirs = {folder_.path()};
    request.overrides = std::move(overrides);
    return compose(request);
  }
  std::string problem(std::vector<std::string> overrides) {
    const auto result = run(std::move(overrides));
    EXPECT_FALSE(result);
    return result ? "" : result.error().message;
  }

  TempDir folder_;
};

Result<Composition> compose_shipped(std::vector<std::string> overrides) {
  ComposeRequest request;
  request.config_dirs = {fs::path(GENESIS_SOURCE_DIR) / "configs"};
  request.overrides = rewrite_seed_spelling(overrides);
  request.now_unix_millis = 1'795'216'025'123;
  return compose(request);
}

TEST_F(ComposeTest, KnowsWhereValuesComeFrom) {
  write("config.yaml", "defaults:\n- db: a\n- _self_\nx: 1\nlist: [1, 2]\nref: ${db}\n");
  write("db/a.yaml", "host: h\n\nport: 5\n");
  const auto result = run({"x=7", "+db.user=me"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result->resolved())["x"], nlohmann::json(7));
  EXPECT_EQ(result->origin("x"), "argument 'x=7'");
  EXPECT_EQ(result->origin("db.user"), "argument '+db.user=me'");
  EXPECT_THAT(result->origin("db.port"), HasSubstr("db/a.yaml:3"));
  EXPECT_THAT(result->origin("ref.port"), HasSubstr("db/a.yaml:3"));
  EXPECT_THAT(result->origin("list[1]"), HasSubstr("config.yaml:5"));
  EXPECT_THAT(result->origin("db.unknown.key"), HasSubstr("db/a.yaml:1"));
  EXPECT_EQ(result->origin("nothing"), "");
}

TEST_F(ComposeTest, ErrorsAreOneLineWithTheNearestName) {
  write("config.yaml", "defaults:\n- db: mysql\nlearning_rate: 1\nmodel:\n  depth: 2\n");
  write("db/mysql.yaml", "host: h\n");
  write("db/postgres.yaml", "host: p\n");
  EXPECT_THAT(problem({"lerning_rate=2"}), HasSubstr("did you mean 'learning_rate'"));
  EXPECT_THAT(problem({"model.dept=2"}), HasSubstr("did you mean 'depth'"));
  EXPECT_THAT(problem({"db=postgre"}), HasSubstr("did you mean 'postgres'"));
  EXPECT_THAT(problem({"db=postgre"}), HasSubstr("available options in 'db': mysql, postgres"));
  EXPECT_THAT(problem({"x=[1"}), HasSubstr("argument 'x=[1'"));
  EXPECT_THAT(problem({"learning_rate=1,2"}), HasSubstr("add --multirun"));
  for (const char* text : {"lerning_rate=2", "db=postgre", "x=[1", "learning_rate=1,2", "~zz"}) {
    EXPECT_THAT(problem({text}), Not(HasSubstr("\n")));
  }
}

TEST_F(ComposeTest, FileErrorsNameFileAndLine) {
  write("config.yaml", "a: 1\nc: 2\na: 3\n");
  EXPECT_THAT(problem({}), HasSubstr("config.yaml:3"));
  write("config.yaml", "a: 1\nb: 'open\n");
  EXPECT_THAT(problem({}), HasSubstr("config.yaml:"));
}

TEST_F(ComposeTest, ShowsWhatCannotBeResolvedAsItIsWritten) {
  write("config.yaml", "a: 1\nb: ${nope}\n");
  const auto result = run({});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(*result->yaml(ConfigPart::job, false), "a: 1\nb: ${nope}\n");
  ASSERT_FALSE(result->resolved());
  EXPECT_THAT(result->resolved().error().message, HasSubstr("config.yaml:2"));
  ASSERT_FALSE(result->yaml(ConfigPart::job, true));
  EXPECT_THAT(result->yaml(ConfigPart::job, true).error().message, HasSubstr("nope"));
}

TEST_F(ComposeTest, PrintsPartsAsHydraDoes) {
  write("config.yaml", "a: 1\nm:\n  b: ${a}\nneed: ???\nref: ${need}\n");
  write("plain.yaml", "a: 1\nm:\n  b: ${a}\n");
  ComposeRequest request;
  request.config_name = "plain";
  request.config_dirs = {folder_.path()};
  const auto result = compose(request);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(*result->yaml(ConfigPart::job, false), "a: 1\nm:\n  b: ${a}\n");
  EXPECT_EQ(*result->yaml(ConfigPart::job, true), "a: 1\nm:\n  b: 1\n");
  EXPECT_EQ(*result->yaml(ConfigPart::job, false, "m"), "# @package m\nb: ${a}\n");
  EXPECT_EQ(*result->yaml(ConfigPart::job, false, "a"), "1\n");
  EXPECT_FALSE(result->yaml(ConfigPart::job, false, "zz"));
  EXPECT_THAT(*result->yaml(ConfigPart::hydra, false), HasSubstr("hydra:\n  run:\n"));
  EXPECT_THAT(*result->yaml(ConfigPart::all, false), HasSubstr("\na: 1\n"));
}

TEST_F(ComposeTest, WritesTheHydraFolder) {
  write("config.yaml", "a: 1\nb: ${a}\n");
  const auto result = run({"a=2", "hydra.verbose=true"});
  ASSERT_TRUE(result);
  const fs::path out = folder_.path() / "out";
  ASSERT_TRUE(result->write_hydra_folder(out));
  EXPECT_EQ(*read_file(out / ".hydra/config.yaml"), "a: 2\nb: ${a}\n");
  EXPECT_EQ(*read_file(out / ".hydra/overrides.yaml"), "- a=2\n");
  EXPECT_THAT(*read_file(out / ".hydra/hydra.yaml"), HasSubstr("output_dir: " + out.string()));
}

TEST(ShippedConfigs, TheSeedsSpellingsCompose) {
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"variant=circle_packing_example"},
      {"+variant=squeeze_hnsw_e2b"},
      {"variant=squeeze_hnsw_example"},
      {"+task=circle_packing", "+cluster=e2b"},
      {"task=circle_packing", "database=island_large", "evolution=large_budget", "cluster=gcp"},
      {"variant=default", "evolution=medium_budget", "database=island_medium", "cluster=remote"},
      {"evo_config.num_generations=5", "output_dir=/tmp/x", "seed=3"}};
  for (const auto& line : lines) {
    const auto result = compose_shipped(line);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(result->resolved()->contains("job_config"));
  }
}

TEST(ShippedConfigs, TheCommandLineBeatsTheVariant) {
  const auto result = compose_shipped({"variant=squeeze_hnsw_e2b", "database=island_small"});
  ASSERT_TRUE(result);
  const nlohmann::json& config = *result->resolved();
  EXPECT_EQ(config["db_config"]["archive_size"], nlohmann::json(20));
  EXPECT_EQ(config["evo_config"]["job_type"], nlohmann::json("e2b"));
  EXPECT_EQ(config["job_config"]["template"], nlohmann::json("base"));
  EXPECT_EQ(result->choices()["variant@_global_"], nlohmann::json("squeeze_hnsw_e2b"));
  EXPECT_EQ(*result->text_value("hydra.run.dir"), config["output_dir"].get<std::string>());
}

TEST(ShippedConfigs, TheDemoIsTheDefault) {
  const auto result = compose_shipped({});
  ASSERT_TRUE(result);
  const nlohmann::json& config = *result->resolved();
  EXPECT_EQ(config["exp_name"], nlohmann::json("circle_packing"));
  EXPECT_EQ(config["evo_config"]["num_generations"], nlohmann::json(50000));
  EXPECT_EQ(config["evo_config"]["max_parallel_jobs"], nlohmann::json(2));
  EXPECT_EQ(config["results"]["keep"], nlohmann::json("auto"));
  for (const char* key : {"init_program_path"}) {
    const fs::path path = config["evo_config"][key].get<std::string>();
    EXPECT_TRUE(fs::exists(fs::path(GENESIS_SOURCE_DIR) / path)) << path;
  }
}

}  // namespace
}  // namespace genesis::config
