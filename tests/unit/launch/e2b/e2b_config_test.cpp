#include "launch/e2b/e2b_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/base/option_reader.h"
#include "launch/e2b/provider_choice.h"

namespace genesis::launch::e2b {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

E2BBindings bound_from(const json& options) {
  return bind_e2b_options(options, "job_config");
}

std::string refusal(const json& options) {
  try {
    bound_from(options);
  } catch (const OptionException& error) {
    return error.what();
  }
  return "accepted";
}

TEST(E2BConfig, TheSeedsOptionsHaveItsDefaults) {
  const E2BBindings bound = bound_from(json::object());
  EXPECT_EQ(bound.launcher.sandbox_template, "base");
  EXPECT_EQ(bound.evaluation.limits.wall_time, 300s);
  EXPECT_TRUE(bound.launcher.dependencies.empty());
  EXPECT_TRUE(bound.launcher.additional_files.empty());
  EXPECT_TRUE(bound.evaluation.env_vars.empty());
  EXPECT_TRUE(bound.evaluation.travels);
  EXPECT_EQ(bound.evaluation.python_executable, "python3");
  EXPECT_EQ(bound.launcher.reuse, SandboxReuse::per_job);
}

TEST(E2BConfig, TheStructAndTheYamlAreTheSame) {
  E2BJobConfig config;
  config.template_id = "big";
  config.timeout = 90s;
  config.dependencies = {"numpy", "scipy>=1"};
  config.additional_files = {{"data/x.npy", "x.npy"}};
  config.env_vars = {{"A", "1"}};
  config.download = {"*.png"};
  config.user = "root";
  config.python = "python3.12";
  config.secure = true;
  config.sandbox_reuse = "pooled";
  config.recycle_after = 7;
  config.warm_sandboxes = 2;
  config.setup_timeout = 10s;
  config.orphan_grace = 20s;
  config.metadata = {{"team", "x"}};
  config.provider = "cloud";
  const JobConfig job = config;
  EXPECT_EQ(job.type, "e2b");
  const E2BBindings bound = bound_from(json::parse(job.options_json));
  EXPECT_EQ(bound.launcher.sandbox_template, "big");
  EXPECT_EQ(bound.evaluation.limits.wall_time, 90s);
  EXPECT_EQ(bound.launcher.dependencies, config.dependencies);
  EXPECT_EQ(bound.launcher.additional_files, config.additional_files);
  EXPECT_EQ(bound.launcher.download, config.download);
  EXPECT_EQ(bound.launcher.user, "root");
  EXPECT_EQ(bound.evaluation.python_executable, "python3.12");
  EXPECT_EQ(bound.launcher.secure, true);
  EXPECT_EQ(bound.launcher.reuse, SandboxReuse::pooled);
  EXPECT_EQ(bound.launcher.recycle_after, 7);
  EXPECT_EQ(bound.launcher.warm_sandboxes, 2);
  EXPECT_EQ(bound.launcher.setup_timeout, 10s);
  EXPECT_EQ(bound.launcher.orphan_grace, 20s);
  EXPECT_EQ(bound.launcher.metadata, config.metadata);
  EXPECT_EQ(bound.launcher.provider, ProviderChoice::cloud);
}

TEST(E2BConfig, WhatCannotWorkIsRefusedWithTheReason) {
  EXPECT_THAT(refusal({{"templat", "x"}}), HasSubstr("template"));
  EXPECT_THAT(refusal({{"template", ""}}), HasSubstr("template"));
  EXPECT_THAT(refusal({{"timeout", 0}}), HasSubstr("longer than zero"));
  EXPECT_THAT(refusal({{"sandbox_reuse", "pool"}}), HasSubstr("pooled"));
  EXPECT_THAT(refusal({{"memory", "8G"}}), HasSubstr("template decides"));
  EXPECT_THAT(refusal({{"conda_env", "x"}}), HasSubstr("of this machine"));
  EXPECT_THAT(refusal({{"additional_files", {{"../x", "y"}}}}), HasSubstr("../x"));
  EXPECT_THAT(refusal({{"dependencies", {"--index-url=x"}}}), HasSubstr("no package"));
  EXPECT_THAT(refusal({{"metadata", {{"genesis_run", "x"}}}}), HasSubstr("genesis_run"));
}

TEST(E2BConfig, APreparedTemplateNeedsNoInstallation) {
  json options{{"template", "base"},
               {"dependencies", {"scipy", "numpy"}},
               {"prepared_templates", {{"numpy,scipy", "science"}}}};
  EXPECT_EQ(bound_from(options).launcher.sandbox_template, "science");
  EXPECT_TRUE(bound_from(options).launcher.dependencies.empty());
  options["dependencies"] = {"numpy"};
  EXPECT_EQ(bound_from(options).launcher.sandbox_template, "base");
  EXPECT_EQ(bound_from(options).launcher.dependencies.size(), 1u);
}

TEST(ProviderChoiceTest, TheKeyRule) {
  AddressSettings nothing;
  AddressSettings key;
  key.api_key = "e2b_00";
  AddressSettings address;
  address.domain = "sandboxes.example.com";
  EXPECT_EQ(choose_provider(ProviderChoice::automatic, nothing), ProviderSource::own);
  EXPECT_EQ(choose_provider(ProviderChoice::automatic, key), ProviderSource::given);
  EXPECT_EQ(choose_provider(ProviderChoice::local, key), ProviderSource::own);
  for (const auto& refused : {choose_provider(ProviderChoice::automatic, address),
                              choose_provider(ProviderChoice::cloud, nothing)}) {
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("E2B_API_KEY not set"));
    EXPECT_THAT(refused.error().message, HasSubstr("export E2B_API_KEY=your_api_key"));
  }
}

}  // namespace
}  // namespace genesis::launch::e2b
