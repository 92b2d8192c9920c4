#include "launch/e2b/template_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/base/files.h"

namespace genesis::launch::e2b {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TemplateFilesTest : public testing::Test {
 protected:
  TemplateFilesTest() {
    fs::create_directories(folder_.path() / "a" / "empty");
    put("a/x.txt", "one");
    put("a.txt", "beside it");
  }
  void put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file(folder_.path() / name, text).has_value());
  }
  Result<CopiedFiles> copied(const std::string& source) {
    return files_to_copy(folder_.path(), source, "/app/");
  }
  TempDir folder_;
};

TEST_F(TemplateFilesTest, AFolderIsCopiedWithAllThatIsInIt) {
  EXPECT_THAT(copied("a")->paths, ElementsAre("a", "a/empty", "a/x.txt"));
  EXPECT_THAT(copied("a/../a/x.txt")->paths, ElementsAre("a/x.txt"));
  EXPECT_THAT(copied("a/x.txt")->hash, testing::MatchesRegex("[0-9a-f]{64}"));
}

TEST_F(TemplateFilesTest, TheHashIsOfNamesModesAndContents) {
  const std::string before = copied("a")->hash;
  EXPECT_EQ(copied("a")->hash, before);
  put("a.txt", "changed, and not in it");
  EXPECT_EQ(copied("a")->hash, before);
  put("a/x.txt", "two");
  const std::string changed = copied("a")->hash;
  EXPECT_NE(changed, before);
  fs::permissions(folder_.path() / "a" / "x.txt", fs::perms::owner_exec, fs::perm_options::add);
  EXPECT_NE(copied("a")->hash, changed);
  EXPECT_NE(files_to_copy(folder_.path(), "a", "/elsewhere")->hash, copied("a")->hash);
}

TEST_F(TemplateFilesTest, WhatCannotBeCopiedIsNamed) {
  for (const char* outside : {"../x", "/etc/passwd", "a/../../x", ""}) {
    EXPECT_THAT(copied(outside).error().message, HasSubstr("relative to")) << outside;
  }
  EXPECT_EQ(copied("none").error().kind, ErrorKind::not_found);
  fs::create_symlink("x.txt", folder_.path() / "a" / "link");
  EXPECT_THAT(copied("a").error().message, HasSubstr("a/link' into a template: it is a link"));
}

}  // namespace
}  // namespace genesis::launch::e2b
