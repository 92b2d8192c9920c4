#include "launch/staging.h"

#include <gtest/gtest.h>

#include "genesis/base/files.h"

namespace genesis::launch {
namespace {

class StagingTest : public ::testing::Test {
 protected:
  StagingTest() { spec_.work_dir = folder_.path() / "evaluations/1/attempt_1"; }
  Status stage(const std::string& path) {
    spec_.inputs = {{path, "content", std::nullopt}};
    return stage_job(spec_);
  }
  TempDir folder_;
  JobSpec spec_;
};

TEST_F(StagingTest, MakesFoldersAndFiles) {
  ASSERT_TRUE(stage("src/deep/main.py"));
  EXPECT_EQ(read_file(spec_.work_dir / "src/deep/main.py").value(), "content");
  EXPECT_TRUE(fs::is_empty(spec_.work_dir / "results"));
}

TEST_F(StagingTest, RefusesPathsThatLeaveTheFolder) {
  for (const char* path : {"", "/etc/x", "../x", "a/../../x", "a/", "results/metrics.json", ".."}) {
    EXPECT_FALSE(stage(path)) << path;
  }
  EXPECT_FALSE(stage(std::string("a\0b", 3)));
  EXPECT_FALSE(fs::exists(folder_.path() / "x"));
}

TEST_F(StagingTest, FollowsNoLinkThatAnEarlierLifeLeft) {
  ASSERT_TRUE(stage("main.py"));
  ASSERT_TRUE(write_file(folder_.path() / "precious", "keep"));
  fs::remove(spec_.work_dir / "main.py");
  fs::create_symlink(folder_.path() / "precious", spec_.work_dir / "main.py");
  EXPECT_FALSE(stage("main.py"));
  fs::create_directory_symlink(folder_.path(), spec_.work_dir / "link");
  EXPECT_FALSE(stage("link/precious"));
  EXPECT_EQ(read_file(folder_.path() / "precious").value(), "keep");
}

TEST_F(StagingTest, OldResultsAreNotTakenForNew) {
  ASSERT_TRUE(stage("main.py"));
  ASSERT_TRUE(write_file(spec_.work_dir / "results/metrics.json", "{}"));
  ASSERT_TRUE(write_file(spec_.work_dir / kEndedMarker, ""));
  ASSERT_TRUE(stage("main.py"));
  EXPECT_TRUE(fs::is_empty(spec_.work_dir / "results"));
  EXPECT_FALSE(fs::exists(spec_.work_dir / kEndedMarker));
}

TEST_F(StagingTest, CopiesFilesWithTheirMode) {
  const fs::path tool = folder_.path() / "tool";
  ASSERT_TRUE(write_file(tool, "#!/bin/sh\n"));
  fs::permissions(tool, fs::perms::owner_all);
  spec_.inputs = {{"bin/tool", "", tool}};
  ASSERT_TRUE(stage_job(spec_));
  EXPECT_EQ(fs::status(spec_.work_dir / "bin/tool").permissions() & fs::perms::owner_exec,
            fs::perms::owner_exec);
  spec_.inputs = {{"gone", "", folder_.path() / "no-such-file"}};
  EXPECT_FALSE(stage_job(spec_));
}

TEST_F(StagingTest, CompleteOutputsAreWholeJsonTexts) {
  ASSERT_TRUE(stage("main.py"));
  const fs::path results = spec_.work_dir / "results";
  EXPECT_FALSE(has_complete_outputs(spec_));
  ASSERT_TRUE(write_file(results / "metrics.json", R"({"combined_score": 1})"));
  EXPECT_FALSE(has_complete_outputs(spec_));
  ASSERT_TRUE(write_file(results / "correct.json", R"({"correct": tr)"));
  EXPECT_FALSE(has_complete_outputs(spec_));
  ASSERT_TRUE(write_file(results / "correct.json", R"({"correct": true})"));
  EXPECT_TRUE(has_complete_outputs(spec_));
  fs::rename(results / "correct.json", results / "real");
  fs::create_symlink("real", results / "correct.json");
  EXPECT_FALSE(has_complete_outputs(spec_));
}

TEST(SubstituteFolders, ReplacesTheTwoNamesOnly) {
  EXPECT_EQ(substitute_folders("{work}/a {results} {other} {", "/w"), "/w/a /w/results {other} {");
  EXPECT_EQ(substitute_folders("{work}", "/a{work}"), "/a{work}");
}

}  // namespace
}  // namespace genesis::launch
