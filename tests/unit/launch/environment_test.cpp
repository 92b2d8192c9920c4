#include "launch/environment.h"

#include <gtest/gtest.h>

#include "genesis/base/files.h"

namespace genesis::launch {
namespace {

TEST(AllowedEnvironment, KeepsTheListAndDropsTheRest) {
  const Environment source{
      {"PATH", "/bin"}, {"LC_ALL", "C"}, {"CONDA_PREFIX", "/c"}, {"MY_SETTING", "1"}};
  const Environment allowed = allowed_environment(source, {});
  EXPECT_EQ(allowed, (Environment{{"PATH", "/bin"}, {"LC_ALL", "C"}, {"CONDA_PREFIX", "/c"}}));
}

TEST(AllowedEnvironment, PassesThroughNamesAndPatterns) {
  const Environment source{
      {"NCCL_DEBUG", "1"}, {"NCCL_X", "2"}, {"MY_SETTING", "1"}, {"OTHER", "1"}};
  const Environment allowed = allowed_environment(source, {"NCCL_*", "MY_SETTING"});
  EXPECT_EQ(allowed, (Environment{{"NCCL_DEBUG", "1"}, {"NCCL_X", "2"}, {"MY_SETTING", "1"}}));
}

TEST(AllowedEnvironment, NoPatternCarriesAKey) {
  const Environment source{{"OPENAI_API_KEY", "k"}, {"GITHUB_TOKEN", "k"}, {"AWS_PROFILE", "k"},
                           {"DB_PASSWORD", "k"},    {"my_secret_x", "k"},  {"CONDA_TOKEN", "k"},
                           {"SSH_AUTH_SOCK", "k"},  {"PLAIN", "p"}};
  EXPECT_EQ(allowed_environment(source, {"*"}), (Environment{{"PLAIN", "p"}}));
  EXPECT_EQ(allowed_environment(source, {"OPENAI_API_KEY"}),
            (Environment{{"OPENAI_API_KEY", "k"}}));
}

TEST(NumericThreads, SetsEveryLibrary) {
  Environment environment;
  set_numeric_threads(environment, 3);
  for (const char* name : {"OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS",
                           "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS",
                           "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS", "GOTO_NUM_THREADS"}) {
    EXPECT_EQ(environment[name], "3") << name;
  }
  EXPECT_EQ(environment["OMP_DYNAMIC"], "FALSE");
}

class ActivationTest : public ::testing::Test {
 protected:
  fs::path script(const std::string& text) {
    const fs::path path = folder_.path() / "it's an activate.sh";
    EXPECT_TRUE(write_file(path, text));
    return path;
  }
  TempDir folder_;
  const Environment base_{{"PATH", "/usr/bin:/bin"}, {"HOME", "/nowhere"}};
};

TEST_F(ActivationTest, TakesWhatTheScriptLeaves) {
  const fs::path path = script("echo noise; export VENV=/v PATH=/v/bin:$PATH MULTI=$'a\\nb'");
  const auto environment = environment_after(script_activation(path), base_);
  ASSERT_TRUE(environment) << environment.error().message;
  EXPECT_EQ(environment->at("VENV"), "/v");
  EXPECT_EQ(environment->at("PATH"), "/v/bin:/usr/bin:/bin");
  EXPECT_EQ(environment->at("MULTI"), "a\nb");
  EXPECT_EQ(environment->count("SHLVL"), 0u);
}

TEST_F(ActivationTest, SaysWhatWentWrong) {
  const auto failed =
      environment_after(script_activation(script("echo no such module >&2; return 1")), base_);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("no such module"), std::string::npos)
      << failed.error().message;
  const auto missing = environment_after(script_activation("/no/such/script"), base_);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/no/such/script"), std::string::npos);
}

TEST_F(ActivationTest, EndsAScriptThatHangs) {
  const auto hung = environment_after(script_activation(script("sleep 1000")), base_, 1);
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().kind, ErrorKind::timeout);
}

TEST_F(ActivationTest, NamesAMissingConda) {
  const auto failed = environment_after(conda_activation("science"), base_);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("conda was not found"), std::string::npos)
      << failed.error().message;
}

TEST_F(ActivationTest, ActivatesCondaByItsHook) {
  const fs::path conda = folder_.path() / "conda";
  ASSERT_TRUE(
      write_file(conda, "#!/bin/sh\necho 'conda() { export CONDA_DEFAULT_ENV=\"$2\"; }'\n"));
  fs::permissions(conda, fs::perms::owner_all);
  Environment base = base_;
  base["CONDA_EXE"] = conda.string();
  const auto environment = environment_after(conda_activation("my science"), base);
  ASSERT_TRUE(environment) << environment.error().message;
  EXPECT_EQ(environment->at("CONDA_DEFAULT_ENV"), "my science");
}

}  // namespace
}  // namespace genesis::launch
