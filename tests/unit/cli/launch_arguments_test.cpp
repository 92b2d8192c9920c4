#include "genesis/cli/launch_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<LaunchArguments> parse(std::vector<std::string> arguments) {
  return parse_launch_arguments(arguments);
}

TEST(LaunchArguments, EverythingThatIsNoOptionIsAnOverride) {
  const auto parsed = parse({"+task=circle_packing", "a.b=-1", "~key", "-", "x={a: 1}"});
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->overrides,
              ElementsAre("+task=circle_packing", "a.b=-1", "~key", "-", "x={a: 1}"));
  EXPECT_EQ(parsed->show_config, ShowConfig::none);
}

TEST(LaunchArguments, OptionsStandAnywhereInAllSpellings) {
  const auto parsed = parse({"a=1", "--cfg", "job", "--resolve", "-cd", "extra", "--config-name=x",
                             "b=2", "-cp=/conf", "-q", "-p", "evo_config"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_THAT(parsed->overrides, ElementsAre("a=1", "b=2"));
  EXPECT_EQ(parsed->show_config, ShowConfig::job);
  EXPECT_TRUE(parsed->resolve);
  EXPECT_TRUE(parsed->quiet);
  EXPECT_EQ(parsed->config_dir, "extra");
  EXPECT_EQ(parsed->config_name, "x");
  EXPECT_EQ(parsed->config_path, "/conf");
  EXPECT_EQ(parsed->package, "evo_config");
}

TEST(LaunchArguments, TwoDashesEndTheOptions) {
  const auto parsed = parse({"--", "--cfg", "job"});
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->overrides, ElementsAre("--cfg", "job"));
}

TEST(LaunchArguments, UnknownOptionsNameTheNearest) {
  const auto parsed = parse({"--config-dirr", "x"});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(parsed.error().message,
            "unknown option '--config-dirr', did you mean '--config-dir'? (--help lists them)");
}

TEST(LaunchArguments, MissingAndUnwantedValues) {
  EXPECT_EQ(parse({"--config-dir"}).error().message, "--config-dir needs a value");
  EXPECT_EQ(parse({"--help=yes"}).error().message, "--help takes no value");
  EXPECT_THAT(parse({"--cfg", "jobs"}).error().message, HasSubstr("job, hydra or all"));
}

TEST(LaunchArguments, WhatBelongsToCfgIsRefusedAlone) {
  EXPECT_THAT(parse({"--resolve"}).error().message, HasSubstr("add --cfg job"));
  EXPECT_THAT(parse({"-p", "x"}).error().message, HasSubstr("add --cfg job"));
}

TEST(LaunchArguments, MultirunInBothSpellings) {
  for (const char* spelling : {"-m", "--multirun"}) {
    const auto parsed = parse({spelling, "a=1,2"});
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_TRUE(parsed->multirun);
    EXPECT_THAT(parsed->overrides, ElementsAre("a=1,2"));
  }
  EXPECT_FALSE(parse({"a=1"})->multirun);
}

TEST(LaunchArguments, InfoTakesAWordOrShowsAll) {
  EXPECT_EQ(parse({"--info", "defaults", "a=1"})->show_info, ShowInfo::defaults);
  EXPECT_EQ(parse({"--info", "defaults-tree"})->show_info, ShowInfo::defaults_tree);
  EXPECT_EQ(parse({"-i=config"})->show_info, ShowInfo::config);
  EXPECT_EQ(parse({"-i", "searchpath"})->show_info, ShowInfo::searchpath);
  const auto bare = parse({"--info", "task=x"});
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->show_info, ShowInfo::all);
  EXPECT_THAT(bare->overrides, ElementsAre("task=x"));
  EXPECT_EQ(parse({"a=1", "--info"})->show_info, ShowInfo::all);
  EXPECT_EQ(parse({"a=1"})->show_info, ShowInfo::none);
  EXPECT_THAT(parse({"--info", "default"}).error().message, HasSubstr("did you mean 'defaults'"));
  EXPECT_THAT(parse({"--info", "plugins"}).error().message, HasSubstr("none here"));
}

TEST(LaunchArguments, OneOfRunMultirunCfgAndInfo) {
  EXPECT_THAT(parse({"-m", "--cfg", "job"}).error().message,
              HasSubstr("--multirun and --cfg exclude each other"));
  EXPECT_THAT(parse({"--info", "-m"}).error().message, HasSubstr("--multirun and --info"));
  EXPECT_FALSE(parse({"-r", "-m"}));
  EXPECT_TRUE(parse({"-r", "a=1"}));
}

}  // namespace
}  // namespace genesis::cli
