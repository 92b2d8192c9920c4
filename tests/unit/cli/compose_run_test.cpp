#include "genesis/cli/compose_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "launch/registry.h"

namespace genesis::cli {
namespace {

using testing::HasSubstr;

/// What our own configurations come to with these arguments.
Result<run::RunSpec> bound(std::vector<std::string> overrides) {
  launch::register_builtin_backends();
  LaunchArguments arguments;
  arguments.config_path = (fs::path(GENESIS_SOURCE_DIR) / "configs").string();
  arguments.overrides = std::move(overrides);
  auto request = compose_request(arguments);
  if (!request) return tl::unexpected<Error>(request.error());
  auto composition = compose_run(*request);
  if (!composition) return tl::unexpected<Error>(composition.error());
  return bind_composition(*composition);
}

TEST(ComposeRunTest, AnArgumentThatJobConfigWasMadeWithoutIsRefused) {
  const auto lost = bound({"cluster=remote", "distributed_job_config.partition=main"});
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().message, HasSubstr("argument 'distributed_job_config.partition=main': "
                                              "distributed_job_config.partition: has no effect"));
  EXPECT_THAT(lost.error().message, HasSubstr("write job_config.partition=…"));
  const auto added = bound({"cluster=remote", "+distributed_job_config.qos=long"});
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, HasSubstr("write job_config.qos=…"));
}

TEST(ComposeRunTest, ArgumentsThatArriveAreNot) {
  EXPECT_TRUE(
      bound({"variant=default", "cluster=remote", "distributed_job_config.partition=main"}));
  EXPECT_TRUE(bound({"cluster=remote", "job_config.partition=main"}));
  // The same, said twice.
  EXPECT_TRUE(bound(
      {"cluster=remote", "job_config.partition=main", "distributed_job_config.partition=main"}));
  // Another launcher takes from it what it needs.
  EXPECT_TRUE(bound({"distributed_job_config.partition=main"}));
}

}  // namespace
}  // namespace genesis::cli
