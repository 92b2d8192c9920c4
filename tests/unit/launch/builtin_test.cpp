#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "genesis/base/option_reader.h"
#include "launch/launcher.h"
#include "launch/registry.h"

namespace genesis::launch {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class Builtin : public testing::Test {
 protected:
  void SetUp() override { register_builtin_backends(); }

  static EvaluationOptions parse(std::string_view type, const json& options) {
    const Backend* backend = find_backend(type);
    if (!backend) throw std::runtime_error("no backend " + std::string(type));
    return backend->parse(options, "job_config");
  }
};

TEST_F(Builtin, RegisteringTwiceChangesNothing) {
  const auto count = all_backends().size();
  register_builtin_backends();
  EXPECT_EQ(all_backends().size(), count);
}

TEST_F(Builtin, EveryBackendIsComplete) {
  for (const Backend* backend : all_backends()) {
    if (backend->name.starts_with("registry_")) continue;  // Of the registry's own tests.
    EXPECT_FALSE(backend->summary.empty()) << backend->name;
    EXPECT_TRUE(backend->parse && backend->make && backend->doctor) << backend->name;
    for (const std::string& target : backend->target_names) {
      EXPECT_EQ(find_backend("genesis.launch." + target), backend);
    }
  }
}

TEST_F(Builtin, BackendsBindTheOptionsThatOtherSystemsHave) {
  const auto e2b = parse("genesis.launch.E2BJobConfig", {{"template", "base"},
                                                         {"timeout", 120},
                                                         {"dependencies", {"numpy"}},
                                                         {"additional_files", {{"a", "b"}}},
                                                         {"env_vars", {{"X", "1"}}}});
  EXPECT_EQ(e2b.limits.wall_time, 120s);
  const auto slurm =
      parse("slurm_conda",
            {{"modules", {"cuda"}}, {"partition", "a3,aisci"}, {"conda_env", "x"}, {"mem", "16G"}});
  EXPECT_EQ(slurm.limits.wall_time, 1h);
  EXPECT_EQ(slurm.limits.memory_bytes, std::uint64_t{16} << 30);
  parse("slurm_docker", {{"image", "i"}, {"image_tar_path", nullptr}, {"docker_flags", "-v a:b"}});
  parse("slurm_env", {{"activate_script", "env.sh"}});
}

TEST_F(Builtin, BackendsRefuseWrongOptions) {
  EXPECT_THROW(parse("e2b", {{"templat", "base"}}), OptionException);
  EXPECT_THROW(parse("e2b", {{"timeout", "soon"}}), OptionException);
  EXPECT_THROW(parse("e2b", {{"partition", "gpu"}}), OptionException);
  EXPECT_THROW(parse("slurm_conda", {{"image", "x"}}), OptionException);
}

TEST_F(Builtin, TheFakeIsMadeFromOptionsAndWrongOnesAreAnError) {
  boost::asio::io_context io;
  LauncherContext context;
  context.io = &io;
  const auto made = find_backend("fake")->make({{"slots", 3}}, context);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ((*made)->name(), "fake");
  const auto wrong = find_backend("fake")->make({{"slot", 3}}, context);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_THAT(wrong.error().message, testing::HasSubstr("slots"));
}

TEST_F(Builtin, InProcessExplainsThatItNeedsAFunction) {
  boost::asio::io_context io;
  LauncherContext context;
  context.io = &io;
  const auto made = find_backend("inprocess")->make(json::object(), context);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message, testing::HasSubstr("make_inprocess_launcher"));
}

}  // namespace
}  // namespace genesis::launch
