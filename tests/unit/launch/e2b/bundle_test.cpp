#include "launch/e2b/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "genesis/base/files.h"

namespace genesis::launch::e2b {
namespace {

using testing::HasSubstr;

class BundleTest : public testing::Test {
 protected:
  /// What tar makes of it.
  fs::path unpacked(const Bundle& bundle) {
    const fs::path there = dir_.path() / "there";
    fs::create_directories(there);
    const std::string command =
        "tar -xf '" + bundle.path.string() + "' -C '" + there.string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return there;
  }
  std::string text(const fs::path& path) { return read_file(path).value_or("missing"); }
  void put(const std::string& name, const std::string& content) {
    fs::create_directories((dir_.path() / name).parent_path());
    ASSERT_TRUE(write_file(dir_.path() / name, content).has_value());
  }

  TempDir dir_{"bundle"};
};

TEST_F(BundleTest, TarReadsEveryFileByteForByte) {
  const std::string odd(700, '\0');
  const std::string long_name = "evaluator/" + std::string(120, 'd') + "/" + std::string(150, 'n');
  put("run.sh", "#!/bin/sh\n");
  fs::permissions(dir_.path() / "run.sh", fs::perms::owner_all);
  put("data/a.bin", odd);
  put("data/sub/b.txt", "b");
  SharedFiles shared;
  shared.files.push_back({"command/0/run.sh", "", dir_.path() / "run.sh"});
  shared.files.push_back({long_name, "deep", std::nullopt});
  const auto made = make_bundle(&shared,
                                {{"data", (dir_.path() / "data").string()},
                                 {"/opt/x.txt", (dir_.path() / "data/sub/b.txt").string()},
                                 {"globbed", (dir_.path() / "data/*.bin").string()}},
                                dir_.path() / "state");
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const fs::path there = unpacked(*made);
  EXPECT_EQ(text(there / "files/data/a.bin"), odd);
  EXPECT_EQ(text(there / "files/data/sub/b.txt"), "b");
  EXPECT_EQ(text(there / "files/globbed/a.bin"), odd);
  EXPECT_EQ(text(there / "absolute/opt/x.txt"), "b");
  EXPECT_EQ(text(there / long_name), "deep");
  EXPECT_THAT(text(there / "run_job.sh"), HasSubstr("exit.json"));
  EXPECT_NE(fs::status(there / "command/0/run.sh").permissions() & fs::perms::owner_exec,
            fs::perms::none);
}

TEST_F(BundleTest, ItsNameIsItsContents) {
  SharedFiles shared;
  shared.files.push_back({"a", "1", std::nullopt});
  const auto first = make_bundle(&shared, {}, dir_.path());
  const auto second = make_bundle(&shared, {}, dir_.path());
  shared.files[0].content = "2";
  const auto third = make_bundle(&shared, {}, dir_.path());
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->hash, second->hash);
  EXPECT_NE(first->hash, third->hash);
}

TEST_F(BundleTest, WhatIsMissingIsNamed) {
  for (const char* here : {"nowhere.txt", "nothing/*.csv"}) {
    const auto made = make_bundle(nullptr, {{"x", here}}, dir_.path());
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error().message, HasSubstr(here));
    EXPECT_THAT(made.error().message, HasSubstr("additional_files"));
  }
  EXPECT_TRUE(fs::is_empty(dir_.path()));
}

}  // namespace
}  // namespace genesis::launch::e2b
